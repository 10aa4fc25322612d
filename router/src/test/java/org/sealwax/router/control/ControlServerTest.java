package org.sealwax.router.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.router.queue.BugLog;

/** The control socket's limits, each at n and at n + 1. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ControlServerTest {
  @TempDir private Path state = Path.of("");

  private final BugLog log = new BugLog();
  private final List<ControlServer> servers = new ArrayList<>();

  @BeforeEach
  void open() throws IOException {
    servers.add(ControlServer.open(state, request -> request.path("do"), log.log));
  }

  @AfterEach
  void close() throws IOException {
    for (ControlServer server : servers) {
      server.close();
    }
    assertEquals(List.of(), log.bugs);
  }

  private SocketChannel client() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(ControlServer.socketIn(state)));
    return channel;
  }

  private static @Nullable String ask(SocketChannel client, String line) throws IOException {
    ByteBuffer out = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    try {
      while (out.hasRemaining()) {
        client.write(out);
      }
      return ControlServer.readLine(Channels.newInputStream(client), ControlServer.MAX_REQUEST);
    } catch (IOException e) {
      return null; // reset: it was closed with bytes unread
    }
  }

  private static String requestOf(int bytes) {
    String begin = "{\"do\":\"x\",\"fill\":\"";
    return begin + "f".repeat(bytes - begin.length() - 2) + "\"}";
  }

  @Test
  void aRequestHasASizeLimit() throws IOException {
    try (SocketChannel most = client();
        SocketChannel more = client()) {
      assertEquals(
          "{\"ok\":true,\"answer\":\"x\"}", ask(most, requestOf(ControlServer.MAX_REQUEST)));
      assertEquals(null, ask(more, requestOf(ControlServer.MAX_REQUEST + 1)));
      assertEquals("{\"ok\":true,\"answer\":\"y\"}", ask(most, "{\"do\":\"y\"}"));
    }
  }

  @Test
  void connectionsAreLimitedAndFreedWhenOneCloses() throws Exception {
    List<SocketChannel> clients = new ArrayList<>();
    try {
      for (int i = 0; i < ControlServer.MAX_CLIENTS; i++) {
        SocketChannel client = client();
        clients.add(client);
        assertTrue(String.valueOf(ask(client, "{\"do\":\"x\"}")).contains("\"ok\":true"));
      }
      try (SocketChannel late = client()) {
        assertEquals(null, ask(late, "{\"do\":\"x\"}"));
      }
      assertTrue(String.valueOf(ask(clients.getLast(), "{\"do\":\"x\"}")).contains("true"));
      clients.removeFirst().close();
      boolean served = false;
      while (!served) {
        try (SocketChannel next = client()) {
          served = ask(next, "{\"do\":\"x\"}") != null;
        }
      }
    } finally {
      for (SocketChannel client : clients) {
        client.close();
      }
    }
  }

  @Test
  void aSocketPathMayHaveTheSystemsMaximumLength() throws IOException {
    String text = "/" + "a".repeat(ControlServer.MAX_PATH - 1);
    ControlServer.checkLength(Path.of(text));
    IOException e =
        assertThrows(IOException.class, () -> ControlServer.checkLength(Path.of(text + "a")));
    assertTrue(String.valueOf(e.getMessage()).contains("too long"));
  }

  @Test
  void invalidJsonIsAnsweredAndTheNextRequestIsRead() throws IOException {
    try (SocketChannel client = client()) {
      assertTrue(String.valueOf(ask(client, "hello")).contains("not JSON"));
      assertEquals("{\"ok\":true,\"answer\":\"z\"}", ask(client, "{\"do\":\"z\"}"));
    }
  }
}
