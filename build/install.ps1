# Installs nuget-plugin-codeartifact from a release archive or from build/build.sh, like install.sh. Does not need an administrator and can
# be run again.
#   install.ps1 [-From ARCHIVE|FOLDER|URL] [OPTION...]
# Options are passed to `nuget-plugin-codeartifact install`: --bin FOLDER, --home FOLDER, --native, --netcore, --netfx.
# For Windows PowerShell 5.1 and later. ASCII only: 5.1 reads a file without a byte order mark in the system's code page.
[CmdletBinding(PositionalBinding = $false)]
param(
    [string] $From,
    [Parameter(ValueFromRemainingArguments)] [string[]] $Options = @()
)
$ErrorActionPreference = 'Stop'

# The URL of the release that this script belongs to. The release workflow sets it.
$releaseUrl = ''

function Stop-With([string] $message) {
    # Without the user names and passwords in URLs.
    [Console]::Error.WriteLine("error: $($message -replace '(?<=://)\S*@', '***@')")
    exit 1
}

function Test-Unpacked([string] $folder) {
    # A URL is not a path: a folder named "https:" may lie in the current directory.
    $folder -and $folder -notmatch '://' -and (Test-Path -LiteralPath "$folder/plugins/netcore/CredentialProvider.CodeArtifact")
}

function Get-RuntimeIdentifier {
    $architecture = "$([Runtime.InteropServices.RuntimeInformation]::OSArchitecture)".ToLowerInvariant()
    if ($env:OS -eq 'Windows_NT') { "win-$architecture" }
    elseif ($IsMacOS) { "osx-$architecture" }
    # The platform whose native executable this machine can load.
    elseif ($architecture -eq 'x64' -and (Test-Path '/lib64/ld-linux-x86-64.so.2')) { 'linux-x64' }
    elseif ($architecture -eq 'arm64' -and (Test-Path '/lib/ld-linux-aarch64.so.1')) { 'linux-arm64' }
    else { 'any' }
}

function Get-Url([string] $url, [string] $file) {
    # Windows PowerShell would follow a redirect from https to http.
    for ($redirects = 0; $redirects -le 5; $redirects++) {
        if ($url -notmatch '^https://') { throw "$url is not an https URL" }
        $request = [Net.WebRequest]::Create($url)
        $request.AllowAutoRedirect = $false
        $response = $request.GetResponse()
        try {
            if (-not $response.Headers['Location']) {
                $stream = [IO.File]::Create($file)
                try { $response.GetResponseStream().CopyTo($stream) } finally { $stream.Close() }
                return
            }
            $url = [Uri]::new([Uri] $url, $response.Headers['Location']).AbsoluteUri
        }
        finally { $response.Close() }
    }
    throw 'too many redirects'
}

function Get-File([string] $place, [string] $name) {
    try {
        if ($place -match '://') { Get-Url "$place/$name" (Join-Path $work $name) }
        else { Copy-Item -LiteralPath (Join-Path $place $name) $work }
    }
    catch { Stop-With "cannot get $place/${name}: $("$_".Trim()); nothing was changed" }
}

# Fetches an archive, verifies its checksum, unpacks it and returns the folder.
function Expand-Source([string] $source) {
    if (-not (Get-Command tar -ErrorAction Ignore)) { Stop-With 'cannot unpack an archive: tar is not installed' }
    $place, $archive = ($source -replace '[\\/]$'), ''
    if ($source -match '^(?:(.*)[\\/])?([^\\/]+\.tar\.gz)$') { $place, $archive = $(if ($Matches[1]) { $Matches[1] } else { '.' }), $Matches[2] }

    Get-File $place 'SHA256SUMS'
    $sums = @{}
    foreach ($line in Get-Content (Join-Path $work 'SHA256SUMS')) {
        $sum, $name = $line -split '\s+', 2
        $sums[$name] = $sum
    }
    foreach ($rid in (Get-RuntimeIdentifier), 'any') {
        if (-not $archive) { $archive = @($sums.Keys | Where-Object { $_ -like "nuget-plugin-codeartifact-*-$rid.tar.gz" })[0] }
    }
    if (-not $archive) { Stop-With "$place/SHA256SUMS lists no archive for this machine; nothing was changed" }
    if (-not $sums[$archive]) { Stop-With "$archive cannot be verified: it is not in $place/SHA256SUMS; nothing was changed" }

    Get-File $place $archive
    $file = Join-Path $work $archive
    if ((Get-FileHash $file -Algorithm SHA256).Hash -ne $sums[$archive]) {
        Stop-With "$archive is damaged: its SHA-256 does not match $place/SHA256SUMS; nothing was changed"
    }
    tar -xzf $file -C $work
    if ($LASTEXITCODE -ne 0) { Stop-With "$archive cannot be unpacked; nothing was changed" }
    $file -replace '\.tar\.gz$'
}

# Returns why a program does not run; nothing if it does.
function Get-Problem([string] $program) {
    if (-not (Test-Path -LiteralPath $program)) { return 'there is no native executable for this machine' }
    $runs = $false
    try {
        $why = & $program --version 2>&1 | Out-String
        $runs = $LASTEXITCODE -eq 0
    }
    catch { $why = "$_" }
    if ($runs) { return }
    "the native executable does not run on this machine ($("$why".Trim().Split("`n")[0].Trim()))"
}

$From = $From -replace '^file://'
if (-not $From -and (Test-Unpacked $PSScriptRoot)) { $From = $PSScriptRoot }
if (-not $From) { $From = $releaseUrl }
if (-not $From) { Stop-With 'no archive found next to this script; pass -From ARCHIVE, FOLDER or URL' }
if ($From -match '://' -and $From -notmatch '^https://') { Stop-With "$From is not an https URL; nothing was changed" }

$work = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
New-Item -ItemType Directory $work > $null
try {
    $root = if (Test-Unpacked $From) { $From } else { Expand-Source $From }
    $native = Join-Path $root "native/nuget-plugin-codeartifact$(if ($env:OS -eq 'Windows_NT') { '.exe' })"
    $netfx = Join-Path $root 'plugins/netfx/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.exe'
    $netcore = Join-Path $root 'plugins/netcore/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.dll'
    $problem = Get-Problem $native
    if (-not $problem) { & $native install @Options }
    elseif ($env:OS -ne 'Windows_NT' -and -not (Get-Command dotnet -ErrorAction Ignore)) {
        Stop-With "$problem, and dotnet is not on PATH; install .NET 8 or later"
    }
    else {
        [Console]::Error.WriteLine("note: $problem; installing the build that needs .NET instead")
        if ($env:OS -eq 'Windows_NT') { & $netfx install @Options }
        else {
            if (-not ($Options -match '^--(native|netcore|netfx)$')) { $Options += '--netcore' }
            dotnet $netcore install @Options
        }
    }
    exit $LASTEXITCODE
}
finally { Remove-Item -Recurse -Force $work }
