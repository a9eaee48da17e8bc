# The .NET SDK with the plugin. Works for root, for a UID without a passwd entry, and without a writable home directory.
#   docker build -f build/images/sdk.Dockerfile --build-arg VERSION=0.1.0 -t dotnet-codeartifact:0.1.0 RELEASE
# RELEASE is a folder with a release's SHA256SUMS and Linux archives. BuildKit sets TARGETARCH.
# Pinned by digest. build/check-images.sh prints the current one.
ARG SDK=10.0@sha256:e1ffd2a92ae84c1291bc1b6887501f8af98e6331e7af6d4c8d37168c5e87a64c

FROM mcr.microsoft.com/dotnet/sdk:${SDK} AS release
ARG VERSION
ARG TARGETARCH
WORKDIR /release
COPY nuget-plugin-codeartifact-${VERSION}-linux-*.tar.gz SHA256SUMS ./
RUN case $TARGETARCH in amd64) rid=linux-x64 ;; *) rid=linux-$TARGETARCH ;; esac \
 && archive=nuget-plugin-codeartifact-$VERSION-$rid.tar.gz \
 && grep " $archive\$" SHA256SUMS | sha256sum --check \
 && tar -xzf "$archive" --strip-components=1

FROM mcr.microsoft.com/dotnet/sdk:${SDK}
COPY --from=release /release/native/nuget-plugin-codeartifact /usr/local/bin/
# Do not cache tokens, so that no layer contains one. To override it in a container: CODEARTIFACT_CACHE=on and CODEARTIFACT_CACHE_DIR.
ENV CODEARTIFACT_CACHE=off
# NuGet needs a writable home directory; in Docker, a UID without a passwd entry has HOME=/. All users share this one, with the mode of /tmp.
ENV DOTNET_CLI_HOME=/tmp/dotnet
RUN dotnet nuget list source \
 && mkdir -p /tmp/dotnet/.nuget/packages \
 && find /tmp/dotnet -type d -exec chmod 1777 {} + \
 && find /tmp/dotnet -type f -exec chmod 644 {} + \
 && rm -rf /tmp/NuGetScratch*
