using CredentialProvider.Configuration;

namespace CredentialProvider.Tests.Configuration;

/// <summary>The file that the AWS SDK reads on Windows in place of AWS's shared files.</summary>
public sealed class AnEmptyFile : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Is_created_with_its_folder()
    {
        var path = ProcessEnvironment.TryCreateEmptyFile(_folder.Below("a/b/empty"));
        Assert.Equal(_folder.Below("a/b/empty"), path);
        Assert.Equal(0, new FileInfo(path!).Length);
    }

    [Fact]
    public void Is_emptied_while_another_process_has_it_open()
    {
        File.WriteAllText(_folder.Below("empty"), "[default]\nregion = x\n");
        using var other = new FileStream(_folder.Below("empty"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Assert.NotNull(ProcessEnvironment.TryCreateEmptyFile(_folder.Below("empty")));
        Assert.Equal(0, other.Length);
    }

    [Fact]
    public void Is_given_up_where_it_cannot_be_created()
    {
        File.WriteAllText(_folder.Below("file"), "");
        Assert.Null(ProcessEnvironment.TryCreateEmptyFile(_folder.Below("file/empty")));
    }

    public void Dispose() => _folder.Dispose();
}
