global using BzPeer.Contracts;
global using BzPeer.Testing;
global using Shouldly;
global using Xunit;
