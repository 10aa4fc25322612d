package org.sealwax.assess.receiver;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.Reply;

/**
 * The scan's SMTP client: connects, waits for the greeting, sends EHLO and STARTTLS, with the
 * pauses of a sending router, and records the server's behaviour. A connection is only opened when
 * the budget has one left. One thread.
 */
final class SmtpConnector {
  /**
   * Connections in a row on which STARTTLS may be missing or refused before that counts as the
   * server's answer: behind one address there may be several servers, and not all of them alike.
   */
  static final int WITHOUT = 4;

  /** The command as it is sent. */
  static final String STARTTLS = "STARTTLS\r\n";

  private final AddressVisit visit;
  private final Dialer dialer;
  private final Clock clock;
  private final ScanTimeouts timeouts;
  private Duration slowestBanner = Duration.ZERO;
  private @Nullable Duration quickestReply;
  private int opened;
  private int greetings;
  private int starttlsOffered;
  private int starttlsRefused;
  private int starttlsAccepted;
  private int missingInARow;
  private int lost;
  private int without = WITHOUT;
  private @Nullable Capabilities capabilities;
  private @Nullable Capabilities latest;
  private String throttle = "";
  private String transcript = "";
  private String withoutStarttls = "";

  SmtpConnector(AddressVisit visit, Dialer dialer, Clock clock, ScanTimeouts timeouts) {
    this.visit = visit;
    this.dialer = dialer;
    this.clock = clock;
    this.timeouts = timeouts;
  }

  /** For a test with few connections: STARTTLS that is missing or refused once is so. */
  SmtpConnector withoutRetries() {
    without = 1;
    return this;
  }

  /** The dialogue before STARTTLS. */
  interface PreStarttlsCommand {
    void send(SmtpConnection connection) throws IOException;
  }

  /** A wire on which TLS may begin at once; for the caller to close. */
  Wire toTls() throws ProbeFailed, InterruptedException {
    return toTls(STARTTLS, connection -> {}, true);
  }

  /** The same with commands before, and the bytes that ask for TLS as given. */
  Wire toTls(String starttls, PreStarttlsCommand command) throws ProbeFailed, InterruptedException {
    return toTls(starttls, command, false);
  }

  private Wire toTls(String starttls, PreStarttlsCommand command, boolean plain)
      throws ProbeFailed, InterruptedException {
    if (visit.entry() == TlsStart.IMPLICIT) {
      Wire wire = dial();
      opened++;
      return wire;
    }
    // The caller's additions may be why STARTTLS is refused: only the plain one counts.
    while (true) {
      SmtpConnection connection = greetedAgain(plain);
      boolean ready = false;
      try {
        if (!offersStarttls()) {
          withoutStarttls = connection.transcript();
          another(
              new ProbeFailed(
                  ProbeFailed.ProbeFailureReason.NO_STARTTLS, "EHLO offers no STARTTLS"));
          continue;
        }
        sendCommands(connection, command);
        Reply go;
        try {
          go = timed(connection, starttls);
        } catch (ProbeFailed e) {
          if (!plain || e.reason() != ProbeFailed.ProbeFailureReason.CLOSED) {
            throw e;
          }
          starttlsRefused++;
          another(e);
          continue;
        } finally {
          transcript = connection.transcript();
        }
        if (go.code() == 220) {
          if (connection.unasked() > 0) {
            throw new ProbeFailed(
                ProbeFailed.ProbeFailureReason.INJECTED,
                connection.unasked() + " bytes of plaintext after the 220");
          }
          starttlsAccepted++;
          missingInARow = 0;
          ready = true;
          return connection.wire();
        }
        ProbeFailed refused =
            new ProbeFailed(
                ProbeFailed.ProbeFailureReason.STARTTLS_REFUSED, "STARTTLS rejected: " + go);
        if (!plain) {
          throw refused;
        }
        starttlsRefused++;
        // One of several servers may refuse each time; all of them, or one twice, is load.
        if (isBusy(go) && starttlsAccepted > 0 && missingInARow > 0) {
          if (!pause(go)) {
            throw new ProbeFailed(ProbeFailed.ProbeFailureReason.THROTTLED, refused.observed());
          }
          continue;
        }
        another(refused);
      } finally {
        if (!ready) {
          connection.sendQuit();
        }
      }
    }
  }

  /**
   * A greeted connection. One that ends before that, after others did not, may be one of several
   * servers behind the address: the next one is tried.
   */
  private SmtpConnection greetedAgain(boolean plain) throws ProbeFailed, InterruptedException {
    while (true) {
      try {
        return greeted();
      } catch (ProbeFailed e) {
        boolean gone =
            e.reason() == ProbeFailed.ProbeFailureReason.CLOSED
                || e.reason() == ProbeFailed.ProbeFailureReason.UNREACHABLE
                || e.reason() == ProbeFailed.ProbeFailureReason.UNWELCOME;
        if (!plain || opened == 0 || !gone) {
          throw e;
        }
        lost++;
        another(e);
      }
    }
  }

  private boolean offersStarttls() {
    return latest == null || latest.offersStarttls();
  }

  /** Tries another connection, or ends with {@code last} when there were enough. */
  private void another(ProbeFailed last) throws ProbeFailed, InterruptedException {
    if (++missingInARow >= without || visit.connections().remaining() == 0) {
      throw last;
    }
    pauseFor(timeouts.between());
  }

  /** The greeting where TLS came before it, and EHLO, on a connection under TLS. */
  Reply ehloUnderTls(SmtpConnection connection) throws IOException {
    if (visit.entry() == TlsStart.IMPLICIT) {
      visit.facts().banner(String.join(" ", connection.reply(timeouts.banner()).lines()));
    }
    return connection.exchange("EHLO " + visit.ehlo(), timeouts.reply());
  }

  /** An unencrypted session after EHLO; for the caller to close. */
  SmtpConnection greeted() throws ProbeFailed, InterruptedException {
    while (true) {
      Wire wire = dial();
      SmtpConnection connection = new SmtpConnection(wire);
      boolean good = false;
      // The wait for a greeting that comes byte by byte is no longer than for one that does not
      // come.
      Deadline deadline =
          Deadline.after(least(visit.timeLeft(), timeouts.banner().plus(timeouts.reply())), wire);
      try {
        Reply banner = banner(connection);
        if (banner.code() == 220) {
          visit.facts().banner(String.join(" ", banner.lines()));
          Reply hello = timed(connection, "EHLO " + visit.ehlo() + "\r\n");
          if (hello.isPermanent() && !isBusy(hello)) {
            hello = timed(connection, "HELO " + visit.ehlo() + "\r\n");
          }
          if (hello.code() == 250) {
            recordTranscript(hello);
            transcript = connection.transcript();
            opened++;
            good = true;
            return connection;
          }
          banner = hello;
        }
        transcript = connection.transcript();
        if (isBusy(banner)) {
          if (pause(banner)) {
            continue;
          }
          throw new ProbeFailed(
              ProbeFailed.ProbeFailureReason.THROTTLED, "the server replied " + banner);
        }
        throw new ProbeFailed(
            ProbeFailed.ProbeFailureReason.UNWELCOME, "the server replied " + banner);
      } catch (IOException e) {
        boolean late = deadline.passed() || !visit.timeLeft().isPositive();
        throw new ProbeFailed(
            late ? ProbeFailed.ProbeFailureReason.SILENT : SmtpConnection.meaning(e), errorText(e));
      } finally {
        deadline.close();
        if (!good) {
          connection.sendQuit();
        }
      }
    }
  }

  private static String errorText(IOException e) {
    return FailureText.of(e);
  }

  private Wire dial() throws ProbeFailed {
    if (!visit.timeLeft().isPositive()) {
      throw new ProbeFailed(
          ProbeFailed.ProbeFailureReason.NO_TIME_LEFT,
          "the time limit of this assessment was reached");
    }
    if (opened > 0 && visit.waited().compareTo(timeouts.patience()) > 0) {
      throw new ProbeFailed(
          ProbeFailed.ProbeFailureReason.NO_TIME_LEFT,
          "the server delays each connection: "
              + visit.waited().toSeconds()
              + " s were spent waiting");
    }
    if (!visit.connections().tryTake()) {
      throw new ProbeFailed(
          ProbeFailed.ProbeFailureReason.NO_CONNECTION_LEFT,
          "the budget of " + CountText.of(visit.connections().opened(), "connection"));
    }
    InetAddress address = Objects.requireNonNull(visit.location().address());
    InetSocketAddress to = new InetSocketAddress(address, visit.location().port());
    try {
      Wire wire = dialer.connect(to, null, least(visit.timeLeft(), timeouts.connect()));
      visit.facts().answers();
      return wire;
    } catch (IOException e) {
      throw new ProbeFailed(ProbeFailed.ProbeFailureReason.UNREACHABLE, errorText(e));
    }
  }

  private Reply banner(SmtpConnection connection) throws IOException {
    long start = clock.nanoTime();
    try {
      return connection.reply(least(visit.timeLeft(), timeouts.banner()));
    } finally {
      Duration took = Duration.ofNanos(clock.nanoTime() - start);
      visit.waited(took);
      slowestBanner = most(slowestBanner, took);
    }
  }

  private static void sendCommands(SmtpConnection connection, PreStarttlsCommand command)
      throws ProbeFailed {
    try {
      command.send(connection);
    } catch (IOException e) {
      throw new ProbeFailed(SmtpConnection.meaning(e), "before STARTTLS: " + errorText(e));
    }
  }

  private Reply timed(SmtpConnection connection, String command) throws ProbeFailed {
    long start = clock.nanoTime();
    try {
      connection.send(command);
      return connection.reply(least(visit.timeLeft(), timeouts.reply()));
    } catch (IOException e) {
      throw new ProbeFailed(
          SmtpConnection.meaning(e), "after " + command.strip() + ": " + errorText(e));
    } finally {
      Duration took = Duration.ofNanos(clock.nanoTime() - start);
      visit.waited(took);
      quickestReply = quickestReply == null ? took : least(quickestReply, took);
    }
  }

  private void recordTranscript(Reply hello) {
    Capabilities now = Capabilities.of(hello);
    latest = now;
    greetings++;
    if (now.offersStarttls()) {
      starttlsOffered++;
    }
    if (capabilities == null) {
      capabilities = now;
    }
  }

  /** RFC 5321 4.2.1, RFC 3463: a refusal that is about load and will pass. */
  private static boolean isBusy(Reply reply) {
    if (!reply.isTransient()) {
      return false;
    }
    boolean system = reply.code() == 421 || reply.code() == 450 || reply.code() == 451;
    return system || reply.code() == 454 || reply.status() != null;
  }

  /** Waits as the server asks; false when it has asked too often. */
  private boolean pause(Reply reply) throws InterruptedException {
    throttle = reply.toString();
    if (visit.pauses() >= timeouts.pauses().size()) {
      return false;
    }
    Duration pause = timeouts.pauses().get(visit.pauses());
    visit.paused();
    if (pause.compareTo(visit.timeLeft()) >= 0) {
      return false;
    }
    visit.reportProgress("waiting " + pause.toSeconds() + " s: " + reply);
    pauseFor(pause);
    return true;
  }

  private static void pauseFor(Duration time) throws InterruptedException {
    Thread.sleep(time);
  }

  private static Duration least(Duration a, Duration b) {
    Duration least = a.compareTo(b) <= 0 ? a : b;
    return least.isPositive() ? least : Duration.ofMillis(1);
  }

  private static Duration most(Duration a, Duration b) {
    return a.compareTo(b) >= 0 ? a : b;
  }

  /** EHLO keywords before STARTTLS; null before the first EHLO and on implicit TLS. */
  @Nullable Capabilities before() {
    return capabilities;
  }

  /** Longest wait for a greeting. */
  Duration slowestBanner() {
    return slowestBanner;
  }

  /** Shortest wait for a reply to a command; zero before the first. */
  Duration quickestReply() {
    Duration quickest = quickestReply;
    return quickest == null ? Duration.ZERO : quickest;
  }

  /** Connections that ended before EHLO was answered, where others did not. */
  int lost() {
    return lost;
  }

  /** Connections on which EHLO was answered. */
  int greetings() {
    return greetings;
  }

  /** Those of them on which STARTTLS was offered. */
  int starttlsOffered() {
    return starttlsOffered;
  }

  /** Times that STARTTLS was refused. */
  int starttlsRefused() {
    return starttlsRefused;
  }

  /** Times that STARTTLS was answered 220. */
  int starttlsAccepted() {
    return starttlsAccepted;
  }

  /** The last refusal for load, or empty. */
  String throttle() {
    return throttle;
  }

  /** The last unencrypted session. */
  String transcript() {
    return transcript;
  }

  /** The last session in which STARTTLS was not offered. */
  String withoutStarttls() {
    return withoutStarttls;
  }

  ScanTimeouts timeouts() {
    return timeouts;
  }

  Clock clock() {
    return clock;
  }
}
