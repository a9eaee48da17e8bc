using CredentialProvider.Benchmarks;

// build/bench.sh starts it. With -Plugin it is the peer that the plugin is measured against.
return args.Contains("-Plugin") ? await Peer.RunAsync() : await Report.WriteAsync(args);
