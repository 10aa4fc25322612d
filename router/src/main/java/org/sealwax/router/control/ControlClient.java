package org.sealwax.router.control;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.sealwax.mail.json.Json;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The client of the control socket. */
public final class ControlClient implements Closeable {
  /** Characters of an answer: 10,000 listed recipients fit. */
  private static final int MAX_ANSWER = 64 << 20;

  private final SocketChannel channel;
  private final InputStream in;

  private ControlClient(SocketChannel channel) {
    this.channel = channel;
    this.in = new BufferedInputStream(Channels.newInputStream(channel));
  }

  /** No server answers on this state folder. */
  public static final class ServerNotRunning extends IOException {
    private static final long serialVersionUID = 1L;

    ServerNotRunning(String message) {
      super(message);
    }
  }

  /** Connects to the server of a state folder. */
  public static ControlClient open(Path state) throws IOException {
    Path path = ControlServer.socketIn(state);
    if (Files.isDirectory(state)
        && !Files.isExecutable(path.getParent())
        && Files.exists(path.getParent())) {
      throw new IOException("only the server's user or root can control it: " + path);
    }
    if (!Files.exists(path)) {
      throw new ServerNotRunning("no server is running on " + state);
    }
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(path));
    } catch (ConnectException e) {
      channel.close();
      throw new ServerNotRunning("no server is running on " + state);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    return new ControlClient(channel);
  }

  public static ObjectNode request(String what) {
    return Json.object().put("do", what);
  }

  /** Asks and waits for the answer. */
  public JsonNode ask(ObjectNode request) throws IOException {
    String text = Json.line(request) + "\n";
    Channels.newOutputStream(channel).write(text.getBytes(StandardCharsets.UTF_8));
    String line = ControlServer.readLine(in, MAX_ANSWER);
    if (line == null) {
      throw new IOException("the server ended the connection");
    }
    JsonNode reply = Json.read(line);
    if (!reply.path("ok").asBoolean(false)) {
      throw new ControlRequestRefused(reply.path("error").asString("refused"));
    }
    return reply.path("answer");
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
