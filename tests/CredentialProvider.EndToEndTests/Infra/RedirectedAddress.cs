using System.Diagnostics;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>
/// Redirects connections to an address that a test cannot bind, such as the link-local one of ECS, to a port on loopback: an LD_PRELOAD library
/// that overrides <c>connect</c>.
/// </summary>
public static class RedirectedAddress
{
    /// <summary>Compiles the library and returns its path, the value for LD_PRELOAD.</summary>
    /// <param name="address">IPv4; only its port 80 is redirected.</param>
    public static string Compile(Sandbox sandbox, string address, int port)
    {
        var source = sandbox.Write("redirect.c", $$"""
            #define _GNU_SOURCE
            #include <arpa/inet.h>
            #include <dlfcn.h>
            #include <netinet/in.h>
            #include <string.h>

            // .NET also connects to IPv4 addresses through dual-mode sockets, as ::ffff:a.b.c.d.
            int connect(int fd, const struct sockaddr *to, socklen_t length) {
              struct sockaddr_in6 copy;
              memcpy(&copy, to, length < sizeof copy ? length : sizeof copy);
              struct sockaddr_in *v4 = (struct sockaddr_in *)&copy;
              in_addr_t from = inet_addr("{{address}}"), loopback = inet_addr("127.0.0.1");
              if (to->sa_family == AF_INET && v4->sin_port == htons(80) && memcmp(&v4->sin_addr, &from, 4) == 0) {
                v4->sin_port = htons({{port}});
                memcpy(&v4->sin_addr, &loopback, 4);
              }
              if (to->sa_family == AF_INET6 && copy.sin6_port == htons(80) && memcmp(copy.sin6_addr.s6_addr + 12, &from, 4) == 0) {
                copy.sin6_port = htons({{port}});
                memcpy(copy.sin6_addr.s6_addr + 12, &loopback, 4);
              }
              int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
              return next(fd, length <= sizeof copy ? (struct sockaddr *)&copy : to, length);
            }
            """);
        var library = Path.ChangeExtension(source, ".so");
        using var compiler = Process.Start(File.Exists("/usr/bin/clang") ? "clang" : "gcc", ["-shared", "-fPIC", "-o", library, source, "-ldl"]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
        return library;
    }
}
