package org.sealwax.router.milter;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Wire;
import org.sealwax.router.milter.MilterAnswer.Progress;

/** One connection to a filter, for one transaction. Owned by the session's thread. */
final class MilterConnection implements Closeable {
  /** Packets that one answer may take: changes and signs of life. */
  static final int MAX_PACKETS = 10_000;

  /** Bytes of a body in one packet, as libmilter reads them. */
  static final int CHUNK = 65_535;

  /** Deadlines end reads before. */
  private static final Duration LONGEST_READ = Duration.ofMinutes(10);

  private static final byte[] NOTHING = {};

  private final MilterChannel channel;
  private final MilterOptions options;
  private final Duration limit;

  private MilterConnection(MilterChannel channel, MilterOptions options, Duration limit) {
    this.channel = channel;
    this.options = options;
    this.limit = limit;
  }

  /** What a filter sends before its last word about a message. */
  @FunctionalInterface
  interface ChangeListener {
    /** One change. */
    void changed(MilterAnswer change) throws IOException, MilterException;
  }

  /** Connects and negotiates. */
  static MilterConnection open(MilterSettings settings, Duration left) throws MilterException {
    try {
      return over(connect(settings, left), settings.commandTimeout());
    } catch (IOException e) {
      throw new MilterException("no connection: " + FailureText.of(e), e);
    }
  }

  /** Negotiates. */
  static MilterConnection over(Wire wire, Duration limit) throws MilterException {
    MilterChannel channel = new MilterChannel(wire);
    try (Deadline deadline = Deadline.after(limit, wire)) {
      try {
        wire.readTimeout(LONGEST_READ);
        channel.send(MilterOptions.COMMAND, MilterOptions.offer());
        return new MilterConnection(channel, MilterOptions.of(channel.read()), limit);
      } catch (IOException e) {
        throw failure(e, deadline);
      }
    } catch (MilterException e) {
      closeQuietly(channel);
      throw e;
    }
  }

  private static Wire connect(MilterSettings settings, Duration left) throws IOException {
    Path path = settings.socket().orElse(null);
    if (path != null) {
      SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
      try (Deadline _ = Deadline.after(left, socket)) {
        socket.connect(UnixDomainSocketAddress.of(path));
        return Wire.of(socket);
      } catch (IOException e) {
        socket.close();
        throw e;
      }
    }
    Socket socket = new Socket();
    try {
      socket.connect(settings.address().orElseThrow(), (int) Math.max(1, left.toMillis()));
      return Wire.of(socket);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  MilterOptions options() {
    return options;
  }

  /** Sends a command and reads the answer; none is read when the filter sends none. */
  MilterAnswer ask(MilterStage stage, byte[] data, Map<String, String> macros)
      throws IOException, MilterException {
    return exchange(stage, data, macros, limit, null);
  }

  /** Ends the message; what the filter changes goes to the listener. */
  MilterAnswer end(Map<String, String> macros, Duration left, ChangeListener changes)
      throws IOException, MilterException {
    return exchange(MilterStage.END_OF_MESSAGE, NOTHING, macros, left, changes);
  }

  /**
   * Sends the body.
   *
   * @return the first answer that is not to go on
   */
  MilterAnswer body(InputStream in) throws IOException, MilterException {
    if (options.omits(MilterStage.BODY)) {
      return new MilterAnswer.Continue();
    }
    byte[] chunk = new byte[CHUNK];
    for (int n = in.readNBytes(chunk, 0, CHUNK); n > 0; n = in.readNBytes(chunk, 0, CHUNK)) {
      byte[] part = n == CHUNK ? chunk : Arrays.copyOf(chunk, n);
      MilterAnswer answer = ask(MilterStage.BODY, part, Map.of());
      if (!(answer instanceof MilterAnswer.Continue)) {
        return answer;
      }
    }
    return new MilterAnswer.Continue();
  }

  private MilterAnswer exchange(
      MilterStage stage,
      byte[] data,
      Map<String, String> macros,
      Duration left,
      @Nullable ChangeListener changes)
      throws IOException, MilterException {
    if (options.omits(stage)) {
      return new MilterAnswer.Continue();
    }
    try (Deadline deadline = Deadline.after(left, channel)) {
      try {
        byte[] named = options.macroData(stage, macros);
        if (named.length > 0) {
          channel.send('D', named);
        }
        channel.send(stage.command, data);
        return options.isSilent(stage) ? new MilterAnswer.Continue() : answer(stage, changes);
      } catch (ChangeException e) {
        throw e.failure();
      } catch (IOException e) {
        throw failure(e, deadline);
      }
    }
  }

  /** The listener failed, and not the filter. */
  private static final class ChangeException extends IOException {
    private static final long serialVersionUID = 1L;

    ChangeException(IOException cause) {
      super(cause);
    }

    IOException failure() {
      return getCause() instanceof IOException e ? e : this;
    }
  }

  private MilterAnswer answer(MilterStage stage, @Nullable ChangeListener changes)
      throws IOException, MilterException {
    for (int i = 0; i < MAX_PACKETS; i++) {
      MilterAnswer answer = MilterAnswer.of(channel.read());
      switch (answer) {
        case Progress _ -> {}
        case MilterAnswer.Continue _, MilterAnswer.Accept _, MilterAnswer.Refuse _ -> {
          return answer;
        }
        case MilterAnswer.Discard _ -> {
          return answer;
        }
        case MilterAnswer.Skip _ -> {
          if (stage != MilterStage.BODY || !options.maySkip()) {
            throw new MilterException("SKIP in answer to " + stage);
          }
          return answer;
        }
        case MilterAnswer.Quarantine _,
            MilterAnswer.EditHeader _,
            MilterAnswer.ReplaceBody _,
            MilterAnswer.NotSupported _ -> {
          if (changes == null) {
            throw new MilterException("a change in answer to " + stage);
          }
          try {
            changes.changed(answer);
          } catch (IOException e) {
            throw new ChangeException(e);
          }
        }
      }
    }
    throw new MilterException("more than " + MAX_PACKETS + " packets for one answer");
  }

  private static MilterException failure(IOException e, Deadline deadline) {
    return deadline.passed() || e instanceof SocketTimeoutException
        ? new MilterException("no answer in time", e)
        : new MilterException(FailureText.of(e), e);
  }

  /** Ends the transaction and the connection. */
  @Override
  public void close() {
    try (Deadline _ = Deadline.after(Duration.ofSeconds(1), channel)) {
      channel.send('A', NOTHING);
      channel.send('Q', NOTHING);
    } catch (IOException e) {
      // It ends in any case.
    } finally {
      closeQuietly(channel);
    }
  }

  private static void closeQuietly(Closeable channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // It was to end, and it has ended.
    }
  }
}
