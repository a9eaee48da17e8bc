namespace CredentialProvider.EndToEndTests.Failures;

/// <summary>Another credential plugin, as a shell script. It speaks NuGet's protocol, has no credentials, and departs from that where a test says so.</summary>
internal static class OtherPlugin
{
    public const string Name = "nuget-plugin-another";

    /// <summary>Never answers, and ends with NuGet.</summary>
    public const string Hangs = "exec cat > /dev/null";

    public const string Ends = "exit 7";

    /// <summary>A plugin that does this instead of answering some requests.</summary>
    public static string With(params (string Method, string Action)[] instead) => $$"""
        #!/bin/sh
        reply() { printf '{"RequestId":"%s","Type":"%s","Method":"%s","Payload":%s}\n' "$id" "${2-Response}" "$method" "$1"; }
        field() { value=${line#*"\"$1\":\""}; value=${value%%\"*}; }
        while read -r line; do
          field Type; [ "$value" = Request ] || continue
          field RequestId; id=$value
          field Method; method=$value
          case $method in
          {{string.Concat(instead.Select(answer => $"{answer.Method}) {answer.Action} ;;\n"))}}
          Handshake)
            reply '{"ResponseCode":"Success","ProtocolVersion":"2.0.0"}'
            id=greeting; reply '{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}' Request ;;
          GetOperationClaims) reply '{"Claims":["Authentication"]}' ;;
          GetAuthenticationCredentials) reply '{"ResponseCode":"NotFound"}' ;;
          Close) exit ;;
          *) reply '{"ResponseCode":"Success"}' ;;
          esac
        done

        """;
}
