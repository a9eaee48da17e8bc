using CsCheck;

namespace CredentialProvider.Tests.Infra;

/// <summary>Generators of test input.</summary>
internal static class Generators
{
    public static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
