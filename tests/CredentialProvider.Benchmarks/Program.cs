using CredentialProvider.Benchmarks;

// Started by build/bench.sh. With -Plugin it is the peer that the plugin is compared with.
return args.Contains("-Plugin") ? await Peer.RunAsync() : await Report.WriteAsync(args);
