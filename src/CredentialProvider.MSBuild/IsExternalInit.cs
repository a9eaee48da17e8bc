namespace System.Runtime.CompilerServices;

/// <summary>What the compiler wants for records, and .NET Standard does not have.</summary>
internal static class IsExternalInit;
