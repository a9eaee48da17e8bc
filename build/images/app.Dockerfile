# An application image. Packages are restored in a build stage, with the builder's role or a token in a secret mount, so that no layer
# contains a token.
#   docker build -f build/images/app.Dockerfile --build-arg VERSION=0.1.0 --build-arg PROJECT=App [--secret id=token,env=TOKEN] .
# VERSION is the tag of the image that sdk.Dockerfile builds; PROJECT is a project in a folder of the same name. Without the token, the
# build uses the builder's role: on EC2 the instance's (set the metadata hop limit to 2), in ECS the task's (pass
# --secret id=container,env=AWS_CONTAINER_CREDENTIALS_RELATIVE_URI). Keep app.Dockerfile.dockerignore beside this file: BuildKit sends
# nothing that it names.
ARG VERSION
# Pinned by digest. build/check-images.sh prints the current one.
ARG RUNTIME=10.0@sha256:a365ce6a50b09176855d085c69da3fc1204a48432e36087e9a208f6e5860e235

FROM dotnet-codeartifact:${VERSION} AS build
ARG PROJECT
WORKDIR /src
# Copy only the files that determine the packages, so that other changes do not invalidate the restore layer. Those with a star are optional.
COPY nuget.config global.json* Directory.Build.props* Directory.Build.targets* Directory.Packages.props* ./
COPY ${PROJECT}/${PROJECT}.csproj ${PROJECT}/packages.lock.json* ${PROJECT}/
# With a lock file, exactly its packages are restored.
RUN --mount=type=secret,id=token --mount=type=secret,id=container \
    if [ -f /run/secrets/token ]; then CODEARTIFACT_AUTH_TOKEN_FILE=/run/secrets/token; export CODEARTIFACT_AUTH_TOKEN_FILE; fi \
 && if [ -f /run/secrets/container ]; then AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=$(cat /run/secrets/container); export AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; fi \
 && if [ -f "$PROJECT/packages.lock.json" ]; then locked=--locked-mode; fi \
 && dotnet restore "$PROJECT" $locked
COPY ${PROJECT}/ ${PROJECT}/
RUN dotnet publish "$PROJECT" --no-restore -c Release -o /app

FROM mcr.microsoft.com/dotnet/runtime:${RUNTIME}
ARG PROJECT
ENV PROGRAM=/app/${PROJECT}.dll
COPY --from=build /app/ /app/
USER $APP_UID
CMD exec dotnet "$PROGRAM"
