package org.sealwax.lab.site;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sealwax.lab.traps.SmtpBehaviour;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.BodySummary;
import org.sealwax.mail.smtp.Command;
import org.sealwax.mail.smtp.CommandParser;
import org.sealwax.mail.smtp.DotReader;
import org.sealwax.mail.smtp.ForwardPath;
import org.sealwax.mail.smtp.InputLine;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.mail.smtp.SmtpLimits;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.testkit.tls.OddTlsWire;

/**
 * The server side of one SMTP session with a trap. Not {@code mail.smtp.session.ServerLoop}, which
 * cannot send invalid replies: here the trap controls every byte. One thread owns it.
 */
public final class TrapSession {
  /** The longest wait for a line: RFC 5321 4.5.3.2.7. */
  private static final Duration COMMAND = Duration.ofMinutes(5);

  /** The longest handshake. */
  static final Duration HANDSHAKE = Duration.ofSeconds(60);

  /** Maximum number of lines in one session: enough for more than a hundred recipients. */
  static final int MAX_LINES = 500;

  /** Recipients in one transaction (RFC 5321 4.5.3.1.8 requires 100). */
  static final int MAX_RECIPIENTS = 100;

  /** Bytes of a message, as announced by SIZE. */
  static final int MAX_MESSAGE = 1_048_576;

  /** Longest wait for a client that accepts the injection: more than any round trip here. */
  private static final Duration BELIEF = Duration.ofSeconds(1);

  private final LiveSite site;
  private final LiveSite.LiveHost host;
  private final Sighting sighting;
  private final Clock clock;
  private final int number;
  private final SmtpBehaviour smtp;
  private final Wire plainWire;
  private Wire wire;
  private LineReader in;
  private boolean tls;
  private boolean injected;
  private boolean mail;
  private final List<String> recipients = new ArrayList<>();

  public TrapSession(Wire clear, LiveSite site, LiveSite.LiveHost host, Clock clock) {
    this.site = site;
    this.host = host;
    this.sighting = site.sighting();
    this.clock = clock;
    this.number = sighting.connection();
    this.smtp = host.now().smtp();
    this.plainWire = clear;
    this.wire = clear;
    this.in = new LineReader(clear.in());
  }

  /** Runs the session to its end, and closes the wire. */
  public void run() {
    sighting.add(
        new TrapEvent.HostConnected(
            clock.now(), number, host.label(), plainWire.peer().getAddress()));
    try (Wire _ = plainWire) {
      wire.readTimeout(COMMAND);
      readCommands();
      wire.finish();
    } catch (IOException e) {
      // The sender closed the connection, or waited until its timeout: the events so far show
      // which.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      sighting.add(new TrapEvent.ConnectionClosed(clock.now(), number));
      site.attemptEnded(host);
    }
  }

  private void readCommands() throws IOException, InterruptedException {
    pause(smtp.bannerAfter());
    send(smtp.banner().replace("{host}", host.name()));
    if (!smtp.banner().startsWith("220")) {
      return;
    }
    for (int lines = 0; lines < MAX_LINES; lines++) {
      switch (in.read(SmtpLimits.COMMAND_LINE)) {
        case InputLine.Text t -> {
          received(t.text());
          if (!answer(t.text())) {
            return;
          }
        }
        case InputLine.BrokenLine r -> {
          received("(a broken line: " + r.flaw().text() + ")");
          send("500 5.5.2 " + r.flaw().text());
          if (r.lostLineStart()) {
            return;
          }
        }
        case InputLine.EndOfInput e -> {
          return;
        }
      }
    }
    send("421 4.7.0 too many commands");
  }

  /** Whether the session continues. */
  private boolean answer(String text) throws IOException, InterruptedException {
    String verb = verb(text);
    return switch (verb) {
      case "EHLO" -> ehlo();
      case "HELO" -> sendAndMatch("250 " + host.name());
      case "STARTTLS" -> starttls();
      case "MAIL" -> mail(text);
      case "RCPT" -> recipient(text);
      case "DATA" -> data();
      case "RSET" -> {
        forget();
        yield sendAndMatch("250 2.0.0 forgotten");
      }
      case "NOOP" -> sendAndMatch("250 2.0.0 OK");
      case "QUIT" -> {
        send("221 2.0.0 bye");
        yield false;
      }
      default -> sendAndMatch("502 5.5.1 command not implemented");
    };
  }

  private static String verb(String text) {
    int space = text.indexOf(' ');
    return (space < 0 ? text : text.substring(0, space)).toUpperCase(Locale.ROOT);
  }

  private boolean sendAndMatch(String reply) throws IOException {
    send(reply);
    return true;
  }

  private boolean ehlo() throws IOException, InterruptedException {
    forget();
    if (smtp.refusesEhlo()) {
      return sendAndMatch("502 5.5.1 EHLO not implemented");
    }
    if (injected && tls) {
      // A client that accepts the injected plaintext needs no reply to this, and continues.
      injected = false;
      Thread.sleep(BELIEF);
      if (plainWire.in().available() > 0) {
        sighting.add(
            new TrapEvent.SenderDeceived(
                clock.now(), number, "took a plaintext reply for one under TLS"));
      }
    }
    List<String> keywords = new ArrayList<>(tls ? smtp.after() : smtp.before());
    if (!tls && !smtp.offer().isEmpty()) {
      keywords.add(smtp.offer());
    }
    List<String> all = new ArrayList<>(List.of(host.name()));
    all.addAll(keywords);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < all.size(); i++) {
      out.append("250").append(i < all.size() - 1 ? '-' : ' ').append(all.get(i)).append("\r\n");
    }
    write(out.toString());
    return true;
  }

  private boolean starttls() throws IOException, InterruptedException {
    if (tls) {
      return sendAndMatch("503 5.5.1 TLS already active");
    }
    return switch (smtp.starttls()) {
      case SmtpBehaviour.StarttlsBehaviour.StarttlsThenTls go -> {
        send("220 2.0.0 go ahead");
        yield handshake();
      }
      case SmtpBehaviour.StarttlsBehaviour.StarttlsThenSlowTls go -> {
        send("220 2.0.0 go ahead");
        pause(go.time());
        yield handshake();
      }
      case SmtpBehaviour.StarttlsBehaviour.StarttlsWithInjection go -> {
        injected = true;
        write("220 2.0.0 go ahead\r\n" + go.injected());
        yield handshake();
      }
      case SmtpBehaviour.StarttlsBehaviour.StarttlsRejected no -> sendAndMatch(no.reply());
      case SmtpBehaviour.StarttlsBehaviour.StarttlsThenClose c -> {
        send("220 2.0.0 go ahead");
        yield false;
      }
      case SmtpBehaviour.StarttlsBehaviour.StarttlsThenSilence s -> {
        send("220 2.0.0 go ahead");
        listen(site.scaled(s.time()));
        yield false;
      }
      case SmtpBehaviour.StarttlsBehaviour.StarttlsThenPlaintext c -> {
        send("220 2.0.0 go ahead");
        yield plaintextAfterStarttls();
      }
    };
  }

  /** Records a ClientHello, and sends nothing until the sender gives up. */
  private void listen(Duration time) throws IOException {
    wire.readTimeout(time);
    byte[] some = new byte[Sighting.MAX_HELLO];
    int count = wire.in().read(some, 0, some.length);
    if (count > 0) {
      sighting.add(
          new TrapEvent.ClientHelloSeen(clock.now(), number, java.util.Arrays.copyOf(some, count)));
      while (count > 0) {
        count = wire.in().read(some, 0, some.length);
      }
    }
  }

  private boolean plaintextAfterStarttls() throws IOException {
    byte[] some = new byte[4_096];
    int count = wire.in().read(some, 0, some.length);
    if (count <= 0) {
      return false;
    }
    if (some[0] == 0x16) {
      sighting.add(
          new TrapEvent.ClientHelloSeen(clock.now(), number, java.util.Arrays.copyOf(some, count)));
      send("250 2.0.0 still in plaintext");
      in = new LineReader(wire.in());
    } else {
      InputStream first = new ByteArrayInputStream(some, 0, count);
      in = new LineReader(new SequenceInputStream(first, wire.in()));
    }
    return true;
  }

  private boolean handshake() throws IOException {
    if (in.buffered() > 0) {
      sighting.add(
          new TrapEvent.SenderDeceived(
              clock.now(), number, "sent commands after STARTTLS without waiting for the reply"));
    }
    ClientHelloRecorder recorder = new ClientHelloRecorder(plainWire);
    try {
      OddTlsWire secured = host.tls().accept(recorder, HANDSHAKE);
      hello(recorder);
      OddTlsWire.NegotiatedTls facts = secured.negotiated();
      sighting.add(
          new TrapEvent.HandshakeCompleted(
              clock.now(),
              number,
              facts.version(),
              facts.suite(),
              facts.group(),
              facts.serverName(),
              facts.clientChain()));
      wire = secured;
      in = new LineReader(secured.in());
      tls = true;
      forget();
      return true;
    } catch (TlsException e) {
      hello(recorder);
      sighting.add(
          new TrapEvent.HandshakeAborted(
              clock.now(), number, recorder.answered(), String.valueOf(e.getMessage())));
      return false;
    }
  }

  private void hello(ClientHelloRecorder recorder) {
    if (recorder.hello().length > 0) {
      sighting.add(new TrapEvent.ClientHelloSeen(clock.now(), number, recorder.hello()));
    }
  }

  private boolean mail(String text) throws IOException {
    // Strictness is not what is tested here, and parameters of all kinds are of interest.
    mail = text.toUpperCase(Locale.ROOT).startsWith("MAIL FROM:");
    return sendAndMatch(mail ? "250 2.1.0 sender OK" : "501 5.1.7 bad sender address");
  }

  private boolean recipient(String text) throws IOException {
    if (!mail) {
      return sendAndMatch("503 5.5.1 need MAIL command");
    }
    if (recipients.size() >= MAX_RECIPIENTS) {
      return sendAndMatch("452 4.5.3 too many recipients");
    }
    String domain =
        switch (CommandParser.parse(text)) {
          case Command.Rcpt(ForwardPath.ToMailbox to, var p, boolean i) ->
              to.mailbox().domain().toString().toLowerCase(Locale.ROOT);
          default -> "";
        };
    if (!site.mail().acceptsDomain(domain)) {
      // RFC 5321 §3.6: no relaying, for any client.
      return sendAndMatch("550 5.7.1 relay access denied; this lab has no such mailbox");
    }
    String result = site.result();
    return switch (smtp.recipient()) {
      case ACCEPT -> {
        recipients.add(domain);
        yield sendAndMatch("250 2.1.5 recipient OK");
      }
      case GREYLIST -> {
        if (!site.isDue(host)) {
          yield sendAndMatch("451 4.7.1 greylisted, try again later; " + result);
        }
        recipients.add(domain);
        yield sendAndMatch("250 2.1.5 recipient OK");
      }
      case DEFER -> sendAndMatch("451 4.3.2 try again later; " + result);
      case DEFER_UNTIL_FETCHED -> {
        if (!site.policyFetched()) {
          yield sendAndMatch("451 4.3.2 try again later; " + result);
        }
        recipients.add(domain);
        yield sendAndMatch("250 2.1.5 recipient OK");
      }
    };
  }

  private boolean data() throws IOException {
    if (recipients.isEmpty()) {
      return sendAndMatch("503 5.5.1 need RCPT command");
    }
    send("354 end with <CRLF>.<CRLF>");
    TlsRequiredHeaderScan scan =
        new TlsRequiredHeaderScan(site.mail().scan(List.copyOf(recipients)));
    BodySummary summary = new DotReader(in, MAX_MESSAGE).readInto(scan);
    if (!summary.complete()) {
      return false;
    }
    boolean drops = smtp.end() == SmtpBehaviour.EndOfDataBehaviour.DROP_FIRST && host.dropsNow();
    boolean optional = scan.tlsOptional();
    received(
        "(a message of " + summary.bytes() + " bytes" + (optional ? ", TLS-Required: No)" : ")"));
    sighting.add(
        new TrapEvent.MessageAccepted(
            clock.now(), number, host.label(), tls, !drops, optional, scan.router()));
    scan.ended();
    if (drops) {
      return false;
    }
    forget();
    return sendAndMatch("250 2.0.0 " + site.result());
  }

  private void forget() {
    mail = false;
    recipients.clear();
  }

  private void pause(Duration time) throws InterruptedException {
    if (time.isPositive()) {
      Thread.sleep(site.scaled(time));
    }
  }

  private void received(String text) {
    recordLine(true, text);
  }

  private void recordLine(boolean bySender, String text) {
    String cut =
        text.length() > Sighting.MAX_LINE ? text.substring(0, Sighting.MAX_LINE) + "…" : text;
    sighting.add(new TrapEvent.SmtpLineSeen(clock.now(), number, bySender, tls, cut));
  }

  private void send(String line) throws IOException {
    write(line + "\r\n");
  }

  private void write(String text) throws IOException {
    text.lines().forEach(line -> recordLine(false, line));
    wire.out().write(text.getBytes(StandardCharsets.UTF_8));
    wire.out().flush();
  }
}
