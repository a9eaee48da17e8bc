using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Transform;

namespace CredentialProvider.Aws;

/// <summary>
/// Ends an answer that is too long to be AWS's before it fills the memory: the SDK reads for as long as somebody sends.
/// </summary>
internal sealed class BoundedAnswers : PipelineHandler
{
    /// <summary>A token has 2 KB, a role's session less.</summary>
    private const int LargestAnswer = 1024 * 1024;

    public override async Task<T> InvokeAsync<T>(IExecutionContext executionContext)
    {
        try
        {
            var result = await base.InvokeAsync<T>(executionContext);
            executionContext.ResponseContext.HttpResponse = new Answer(executionContext.ResponseContext.HttpResponse);
            return result;
        }
        catch (HttpErrorResponseException e)
        {
            throw new HttpErrorResponseException(new Answer(e.Response));
        }
    }

    private sealed class Answer(IWebResponseData whole) : IWebResponseData, IHttpResponseBody
    {
        public long ContentLength => whole.ContentLength;

        public string ContentType => whole.ContentType;

        public System.Net.HttpStatusCode StatusCode => whole.StatusCode;

        public bool IsSuccessStatusCode => whole.IsSuccessStatusCode;

        public IHttpResponseBody ResponseBody => this;

        public string[] GetHeaderNames() => whole.GetHeaderNames();

        public bool IsHeaderPresent(string headerName) => whole.IsHeaderPresent(headerName);

        public string GetHeaderValue(string headerName) => whole.GetHeaderValue(headerName);

        public Amazon.Runtime.EventStreams.IEventStreamHeader GetEventStreamHeader(string headerName) => whole.GetEventStreamHeader(headerName);

        public bool IsEventHeaderPresent(string headerName) => whole.IsEventHeaderPresent(headerName);

        public Stream OpenResponse() => OpenResponseAsync().GetAwaiter().GetResult();

        public async Task<Stream> OpenResponseAsync()
        {
            var stream = await whole.ResponseBody.OpenResponseAsync();
            var bytes = new byte[4096];
            var length = 0;
            while (await stream.ReadAsync(bytes.AsMemory(length)) is > 0 and var read)
            {
                length += read;
                if (length > LargestAnswer)
                {
                    throw new NoTokenException(ErrorCode.Service, "what answers in AWS's place sends more than 1 MB",
                        "check HTTPS_PROXY and AWS_ENDPOINT_URL");
                }

                if (length == bytes.Length)
                    Array.Resize(ref bytes, length * 2);
            }

            return new MemoryStream(bytes, 0, length);
        }

        public void Dispose() => whole.ResponseBody.Dispose();
    }
}
