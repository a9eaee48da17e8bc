using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Transform;

namespace CredentialProvider.Aws;

/// <summary>
/// Rejects responses that AWS would not send: one that is too long, before it fills the memory, and a redirect, which
/// would carry the session token to another host. The SDK has no limit, and takes a redirect for a success.
/// </summary>
internal sealed class ResponseLimits : PipelineHandler
{
    /// <summary>Bytes. Far above any response of the services that are called here.</summary>
    private const int MaxSize = 1024 * 1024;

    public override async Task<T> InvokeAsync<T>(IExecutionContext executionContext)
    {
        try
        {
            var result = await base.InvokeAsync<T>(executionContext);
            var context = executionContext.ResponseContext;
            var isSuccess = context.HttpResponse.IsSuccessStatusCode;
            context.HttpResponse = new LimitedResponse(context.HttpResponse, isReadable: isSuccess);
            return isSuccess ? result : throw new HttpErrorResponseException(context.HttpResponse);
        }
        catch (HttpErrorResponseException e) when (e.Response is not LimitedResponse)
        {
            throw new HttpErrorResponseException(new LimitedResponse(e.Response, isReadable: true));
        }
    }

    /// <param name="isReadable">False for a redirect, which the SDK has closed by the time that the error is read.</param>
    private sealed class LimitedResponse(IWebResponseData inner, bool isReadable) : IWebResponseData, IHttpResponseBody
    {
        public long ContentLength => inner.ContentLength;

        public string ContentType => inner.ContentType;

        public System.Net.HttpStatusCode StatusCode => inner.StatusCode;

        public bool IsSuccessStatusCode => inner.IsSuccessStatusCode;

        public IHttpResponseBody ResponseBody => this;

        public string[] GetHeaderNames() => inner.GetHeaderNames();

        public bool IsHeaderPresent(string headerName) => inner.IsHeaderPresent(headerName);

        public string GetHeaderValue(string headerName) => inner.GetHeaderValue(headerName);

        public Amazon.Runtime.EventStreams.IEventStreamHeader GetEventStreamHeader(string headerName) =>
            inner.GetEventStreamHeader(headerName);

        public bool IsEventHeaderPresent(string headerName) => inner.IsEventHeaderPresent(headerName);

        public Stream OpenResponse() => OpenResponseAsync().GetAwaiter().GetResult();

        public async Task<Stream> OpenResponseAsync()
        {
            if (!isReadable)
                return Stream.Null;
            var stream = await inner.ResponseBody.OpenResponseAsync();
            var bytes = new byte[4096];
            var length = 0;
            while (await stream.ReadAsync(bytes.AsMemory(length)) is > 0 and var read)
            {
                length += read;
                if (length > MaxSize)
                    throw new ResponseTooLargeException("more than 1 MB");
                if (length == bytes.Length)
                    Array.Resize(ref bytes, length * 2);
            }

            return new MemoryStream(bytes, 0, length);
        }

        public void Dispose() => inner.ResponseBody.Dispose();
    }
}

/// <summary>A response exceeds the size limit, so it does not come from AWS.</summary>
internal sealed class ResponseTooLargeException(string message) : Exception(message);
