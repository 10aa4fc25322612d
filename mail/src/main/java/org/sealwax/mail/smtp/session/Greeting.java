package org.sealwax.mail.smtp.session;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Observation.GreetingStage;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.InvalidReplyException;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.ReplyReader;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.TlsException;

/**
 * Greets a host: banner, EHLO or HELO, STARTTLS, EHLO again. Sends nothing private and cannot send
 * mail; the result is an {@link Observation}, and the decision about it is made elsewhere. Used by
 * the router and by the scan. Thread-safe.
 *
 * @param tls our side of TLS
 * @param times the timeouts
 */
public record Greeting(TlsClient tls, SmtpTimeouts times) {
  /**
   * A greeting as a whole may take this many times the wait for a banner: a peer that sends one
   * byte a minute passes every single wait.
   */
  private static final int TOTAL_IN_BANNERS = 3;

  /**
   * Greets over {@code wire}, which is closed unless the result has an open dialogue.
   *
   * @param wire the connection; it is owned by this object from now on
   * @param options our name, TLS mode and TLS offer
   * @return the observation, with the open session where there is one
   */
  public GreetingResult greet(Wire wire, GreetingOptions options) {
    boolean open = false;
    try (Deadline deadline = Deadline.after(times.banner().multipliedBy(TOTAL_IN_BANNERS), wire)) {
      GreetingResult result = new GreetingExchange(wire, options, deadline).greet();
      open = result.session() != null;
      return result;
    } finally {
      if (!open) {
        closeQuietly(wire);
      }
    }
  }

  private static void closeQuietly(Wire wire) {
    try {
      wire.close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }

  private final class GreetingExchange {
    private final GreetingOptions options;
    private final Deadline deadline;
    private Wire wire;
    private LineReader lines;
    private ReplyReader replies;
    private GreetingStage stage = GreetingStage.BANNER;

    GreetingExchange(Wire wire, GreetingOptions options, Deadline deadline) {
      this.wire = wire;
      this.options = options;
      this.deadline = deadline;
      this.lines = new LineReader(wire.in());
      this.replies = new ReplyReader(lines);
    }

    GreetingResult greet() {
      try {
        return switch (options.tlsMode()) {
          case IMPLICIT -> implicit();
          case STARTTLS, CLEAR -> fromPlaintext();
        };
      } catch (TlsException e) {
        return closed(new Observation.HandshakeFailed(e.kind(), text(e)));
      } catch (IOException e) {
        return closed(broken(e));
      }
    }

    private Observation broken(IOException e) {
      return switch (stage) {
        case BANNER, EHLO ->
            new Observation.ConnectionLost(
                stage,
                (e instanceof InvalidReplyException t && t.answered()
                        ? "no valid reply"
                        : "lost connection")
                    + " at "
                    + stage
                    + ": "
                    + text(e));
        // From the STARTTLS command on, a failure counts as a TLS failure; a middlebox that drops
        // the command must not count as better than one that drops the ClientHello.
        case STARTTLS -> new Observation.HandshakeFailed(kind(e), text(e));
        case EHLO_AGAIN ->
            new Observation.HandshakeFailed(TlsException.Kind.AFTER_HANDSHAKE, text(e));
      };
    }

    private TlsException.Kind kind(IOException e) {
      return e instanceof SocketTimeoutException || deadline.passed()
          ? TlsException.Kind.TIMEOUT
          : TlsException.Kind.CLOSED;
    }

    private String text(IOException e) {
      if (deadline.passed()) {
        return "timed out";
      }
      return FailureText.of(e);
    }

    private GreetingResult fromPlaintext() throws IOException {
      Reply banner = read(times.banner());
      if (banner.code() != 220) {
        return closed(new Observation.RefusedByReply(stage, banner));
      }
      stage = GreetingStage.EHLO;
      Reply hello = exchange("EHLO " + options.ehlo(), times.ehlo());
      Capabilities capabilities;
      if (hello.code() == 250) {
        capabilities = Capabilities.of(hello);
      } else if (hello.isPermanent()) {
        // RFC 5321 §3.2: a server that does not know EHLO gets HELO.
        hello = exchange("HELO " + options.ehlo(), times.ehlo());
        if (hello.code() != 250) {
          return closed(new Observation.RefusedByReply(stage, hello));
        }
        capabilities = Capabilities.none(firstWord(hello));
      } else {
        return closed(new Observation.RefusedByReply(stage, hello));
      }
      boolean offered = capabilities.offersStarttls();
      if (options.tlsMode() == GreetingOptions.TlsMode.CLEAR || !offered) {
        return open(new Observation.Unencrypted(offered), capabilities);
      }
      return starttls(capabilities);
    }

    private GreetingResult starttls(Capabilities capabilities) throws IOException {
      stage = GreetingStage.STARTTLS;
      Reply go = exchange("STARTTLS", times.starttls());
      if (go.isTransient() || go.isPermanent()) {
        return open(new Observation.StarttlsRefused(go), capabilities);
      }
      if (go.code() != 220) {
        return closed(
            new Observation.HandshakeFailed(TlsException.Kind.NOT_TLS, "STARTTLS rejected: " + go));
      }
      if (lines.buffered() > 0) {
        // Input that an attacker wrote into the plaintext before the handshake must not be used
        // after it.
        return closed(new Observation.Injected());
      }
      TlsWire secured = tls.connect(wire, options.offer(), times.handshake());
      take(secured);
      return encrypted(secured);
    }

    private GreetingResult encrypted(TlsWire secured) throws IOException {
      stage = GreetingStage.EHLO_AGAIN;
      // RFC 3207 §4.2: everything learned before is discarded.
      Reply hello = exchange("EHLO " + options.ehlo(), times.ehlo());
      if (hello.code() != 250) {
        return closed(new Observation.RefusedByReply(stage, hello));
      }
      return open(new Observation.Encrypted(secured.handshake()), Capabilities.of(hello));
    }

    private GreetingResult implicit() throws IOException {
      stage = GreetingStage.STARTTLS;
      TlsWire secured = tls.connect(wire, options.offer(), times.handshake());
      take(secured);
      stage = GreetingStage.EHLO_AGAIN;
      Reply banner = read(times.banner());
      if (banner.code() != 220) {
        return closed(new Observation.RefusedByReply(GreetingStage.BANNER, banner));
      }
      return encrypted(secured);
    }

    private void take(Wire next) {
      wire = next;
      lines = new LineReader(next.in());
      replies = new ReplyReader(lines);
    }

    private Reply exchange(String command, Duration longest) throws IOException {
      byte[] line = (command + "\r\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII);
      wire.out().write(line);
      return read(longest);
    }

    private Reply read(Duration longest) throws IOException {
      wire.readTimeout(longest);
      return replies.read();
    }

    private GreetingResult open(Observation observation, Capabilities capabilities) {
      return new GreetingResult(
          observation, new ClientSession(wire, lines, capabilities, times.block()));
    }

    private GreetingResult closed(Observation observation) {
      closeQuietly(wire);
      return new GreetingResult(observation, null);
    }

    private static String firstWord(Reply reply) {
      String line = reply.lines().getFirst().strip();
      int space = line.indexOf(' ');
      return space < 0 ? line : line.substring(0, space);
    }
  }
}
