@"%~dp0..\plugins\netfx\CredentialProvider.CodeArtifact\CredentialProvider.CodeArtifact.exe" %*
