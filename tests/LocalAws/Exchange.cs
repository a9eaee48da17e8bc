using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LocalAws;

/// <summary>A request and its response. Service and operation are set before the response, for the audit log and for faults.</summary>
internal sealed class Exchange(HttpContext http, string host)
{
    public HttpContext Http { get; } = http;

    public string Host { get; } = host;

    public string Service { get; set; } = "unknown";

    public string Operation { get; set; } = "unknown";

    public string Detail { get; set; } = "";

    /// <summary>The session that called or, for an AssumeRole call, that was opened; null if there is none.</summary>
    public Session? Session { get; set; }

    public string Method => Http.Request.Method;

    public string Path => Http.Request.Path.Value ?? "";

    public int Status { get; set; } = 200;

    public byte[] Content { get; private set; } = [];

    public string ContentType { get; private set; } = "application/json";

    public byte[] Body { get; private set; } = [];

    public string Query(string name) => Http.Request.Query[name].ToString();

    public string? Header(string name) => Http.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;

    public async Task ReadBodyAsync()
    {
        using var buffer = new MemoryStream();
        await Http.Request.Body.CopyToAsync(buffer);
        Body = buffer.ToArray();
    }

    public SignedRequest Signed()
    {
        var raw = Http.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?', 2);
        return new SignedRequest(Method, raw[0], raw.Length > 1 ? raw[1] : "", Header, Body);
    }

    public void Json(JsonNode json, int status = 200) => Bytes(Encoding.UTF8.GetBytes(json.ToJsonString()), "application/json", status);

    public void PlainText(string text, int status = 200) => Bytes(Encoding.UTF8.GetBytes(text), "text/plain", status);

    public void Xml(XElement xml, int status = 200) => Bytes(Encoding.UTF8.GetBytes(xml.ToString()), "text/xml", status);

    public void Bytes(byte[] content, string type, int status = 200) => (Content, ContentType, Status) = (content, type, status);

    /// <summary>An error response in the protocol of this exchange's service.</summary>
    /// <param name="fields">Additional fields of a JSON error.</param>
    public void Error(int status, string code, string message, JsonObject? fields = null)
    {
        if (Service == "sts")
        {
            XNamespace ns = "https://sts.amazonaws.com/doc/2011-06-15/";
            Xml(new XElement(ns + "ErrorResponse", new XElement(ns + "Error", new XElement(ns + "Type", "Sender"),
                new XElement(ns + "Code", code), new XElement(ns + "Message", message))), status);
            return;
        }

        Http.Response.Headers["x-amzn-ErrorType"] = code + ":http://internal.amazon.com/coral/";
        var error = fields ?? new JsonObject();
        (error["__type"], error["message"]) = (code, message);
        Json(error, status);
    }
}
