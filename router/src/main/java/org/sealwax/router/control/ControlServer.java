package org.sealwax.router.control;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.AcceptLoop;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.Threads;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.StateFiles;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The server's end of the control socket: a Unix socket in a folder that only our own user may
 * enter. A client sends one line of JSON and gets one back, as often as it likes. JSON is loaded
 * with the first request.
 */
public final class ControlServer implements Closeable {
  /** Bytes of a request: the largest configuration (4 MiB) fits, each of its bytes quoted. */
  static final int MAX_REQUEST = (8 << 20) + (64 << 10);

  /** Clients at a time: admins and cron jobs. */
  static final int MAX_CLIENTS = 16;

  /** How long one client may stay. */
  private static final Duration MAX_CONNECTION_TIME = Duration.ofMinutes(10);

  /** The longest path that a Unix socket can have (sun_path, less its end). */
  static final int MAX_PATH = 107;

  /** What answers. */
  @FunctionalInterface
  public interface ControlHandler {
    /**
     * Answers one request.
     *
     * @throws ControlRequestRefused when it cannot be done; the sentence goes to the client
     */
    JsonNode answer(JsonNode request) throws ControlRequestRefused;
  }

  /** A request that cannot be done. */
  public static final class ControlRequestRefused extends IOException {
    private static final long serialVersionUID = 1L;

    public ControlRequestRefused(String sentence) {
      super(sentence);
    }
  }

  private final Path path;
  private final ServerSocketChannel server;
  private final ControlHandler handler;
  private final MailLog log;
  private final Limit clients = Limit.of(MAX_CLIENTS);

  private ControlServer(
      Path path, ServerSocketChannel server, ControlHandler handler, MailLog log) {
    this.path = path;
    this.server = server;
    this.handler = handler;
    this.log = log;
  }

  /** Where the socket of a state folder is. */
  public static Path socketIn(Path state) {
    return state.resolve("control").resolve("socket");
  }

  /**
   * Listens; the caller holds the spool, so a socket that is there is one left behind.
   *
   * @throws IOException when that is not possible
   */
  public static ControlServer open(Path state, ControlHandler handler, MailLog log)
      throws IOException {
    Path path = socketIn(state);
    checkLength(path);
    Path folder = state.resolve("control");
    // Access to the folder is access to the queue: the access of another user is closed again.
    StateFiles.ownFolder(folder);
    Files.deleteIfExists(path);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path), MAX_CLIENTS);
    ControlServer control = new ControlServer(path, server, handler, log);
    var _ =
        AcceptLoop.start(
            "control",
            () -> !server.isOpen(),
            server::accept,
            control::accept,
            text -> log.warning("app", "control socket: " + text));
    return control;
  }

  /** Checks the length of the path, with a clearer error than that of bind. */
  public static void checkLength(Path path) throws IOException {
    int length = path.toString().getBytes(StandardCharsets.UTF_8).length;
    if (length > MAX_PATH) {
      throw new IOException(
          "the path " + path + " is too long for a Unix socket (" + MAX_PATH + " bytes at most)");
    }
  }

  private void accept(SocketChannel client) throws IOException {
    if (!clients.tryTake()) {
      client.close();
      return;
    }
    var _ =
        Threads.start(
            "control",
            () -> {
              try {
                serve(client);
              } finally {
                clients.give();
              }
            });
  }

  private void serve(SocketChannel client) {
    try (client;
        Deadline deadline = Deadline.after(MAX_CONNECTION_TIME, client)) {
      InputStream in = new BufferedInputStream(Channels.newInputStream(client));
      OutputStream out = Channels.newOutputStream(client);
      String line = readLine(in, MAX_REQUEST);
      while (line != null && !deadline.passed()) {
        out.write((answer(line) + "\n").getBytes(StandardCharsets.UTF_8));
        line = readLine(in, MAX_REQUEST);
      }
    } catch (IOException e) {
      // The client is gone; what it asked for is done or not, as the log shows.
    }
  }

  private String answer(String line) {
    ObjectNode reply = Json.object();
    try {
      JsonNode request = Json.read(line);
      reply.put("ok", true).set("answer", handler.answer(request));
    } catch (JacksonException e) {
      reply = Json.object().put("ok", false).put("error", "the request is not JSON");
    } catch (ControlRequestRefused e) {
      reply = Json.object().put("ok", false).put("error", e.getMessage());
    } catch (RuntimeException e) {
      log.bug("control", e);
      reply = Json.object().put("ok", false).put("error", "internal error of Sealwax; see its log");
    }
    return Json.line(reply);
  }

  /** Ends listening; removes the socket. */
  @Override
  public void close() throws IOException {
    server.close();
    Files.deleteIfExists(path);
  }

  /**
   * The next line without its end, or null at the end.
   *
   * @param max bytes of it
   */
  static @Nullable String readLine(InputStream in, int max) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        return null;
      }
      if (line.size() >= max) {
        throw new IOException("line too long");
      }
      line.write(b);
    }
    return line.toString(StandardCharsets.UTF_8);
  }
}
