global using BzPeer.Testing;
global using Shouldly;
global using Xunit;
