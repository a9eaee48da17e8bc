// The types that C# and the linked files need and .NET Standard 2.0 lacks. Referencing the Polyfill package instead
// would make the assembly, which restores load, ten times as large.
using System.Runtime.InteropServices;

namespace System
{
    /// <summary>Only for the compiler, which turns <c>text[^1]</c> and <c>text[1..]</c> into ordinary calls.</summary>
    internal readonly struct Index(int value, bool fromEnd)
    {
        public int GetOffset(int length) => fromEnd ? length - value : value;

        public static implicit operator Index(int value) => new(value, fromEnd: false);
    }

    /// <inheritdoc cref="Index"/>
    internal readonly struct Range(Index start, Index end)
    {
        public Index Start => start;

        public Index End => end;
    }
}

namespace System.Diagnostics.CodeAnalysis
{
    /// <summary>The parameter is not null if the method returns this value.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    internal sealed class NotNullWhenAttribute(bool returnValue) : Attribute
    {
        public bool ReturnValue => returnValue;
    }
}

namespace System.Runtime.CompilerServices
{
    /// <summary>Required by records.</summary>
    internal static class IsExternalInit;
}

namespace CredentialProvider
{
    /// <summary>The methods that .NET Standard's <see cref="OperatingSystem"/> lacks.</summary>
    internal static class OperatingSystemPolyfill
    {
        extension(OperatingSystem)
        {
            public static bool IsWindows() => RuntimeInformation.IsOSPlatform(OSPlatform.Windows);

            public static bool IsMacOS() => RuntimeInformation.IsOSPlatform(OSPlatform.OSX);
        }
    }
}
