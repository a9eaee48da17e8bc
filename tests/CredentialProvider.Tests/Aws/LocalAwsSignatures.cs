using LocalAws;

namespace CredentialProvider.Tests.Aws;

/// <summary>LocalAws verifies signatures with code of its own. This checks that code against AWS's published example (test suite, get-vanilla).</summary>
public sealed class LocalAwsSignatures
{
    [Fact]
    public void Match_the_published_example()
    {
        var headers = new Dictionary<string, string> { ["host"] = "example.amazonaws.com", ["x-amz-date"] = "20150830T123600Z" };
        var signature = SignatureV4.Sign(new SignedRequest("GET", "/", "", headers.GetValueOrDefault, []),
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830T123600Z", ["20150830", "us-east-1", "service", "aws4_request"], ["host", "x-amz-date"]);
        Assert.Equal("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", signature);
    }
}
