package org.sealwax.assess.receiver;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.Visit;
import org.sealwax.assess.model.Entry;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.Reply;

/**
 * The way in: connects, waits for the greeting, says EHLO and STARTTLS, as politely as a sending
 * router, and remembers what the server is like. A connection is only opened when the purse gives
 * one. One thread.
 */
final class Door {
  /**
   * Connections in a row on which STARTTLS may be missing or refused before that is the server's
   * last word: behind one address there may be several servers, and not all of them alike.
   */
  static final int WITHOUT = 4;

  /** The command as it is sent. */
  static final String STARTTLS = "STARTTLS\r\n";

  private final Visit visit;
  private final Dialer dialer;
  private final Clock clock;
  private final Manners manners;
  private Duration slowestBanner = Duration.ZERO;
  private @Nullable Duration quickestReply;
  private int opened;
  private int greetings;
  private int starttlsOffered;
  private int starttlsRefused;
  private int starttlsTaken;
  private int withoutInARow;
  private int without = WITHOUT;
  private @Nullable Capabilities capabilities;
  private @Nullable Capabilities latest;
  private String throttle = "";
  private String transcript = "";
  private String withoutStarttls = "";

  Door(Visit visit, Dialer dialer, Clock clock, Manners manners) {
    this.visit = visit;
    this.dialer = dialer;
    this.clock = clock;
    this.manners = manners;
  }

  /** For a test with few connections: STARTTLS that is missing or refused once is so. */
  Door hasty() {
    without = 1;
    return this;
  }

  /** What is said in clear before STARTTLS. */
  interface Before {
    void say(Line line) throws IOException;
  }

  /** A wire on which TLS may begin at once; for the caller to close. */
  Wire toTls() throws Shut, InterruptedException {
    return toTls(STARTTLS, line -> {}, true);
  }

  /** The same with something said before, and the octets that ask for TLS as given. */
  Wire toTls(String starttls, Before before) throws Shut, InterruptedException {
    return toTls(starttls, before, false);
  }

  private Wire toTls(String starttls, Before before, boolean plain)
      throws Shut, InterruptedException {
    if (visit.entry() == Entry.IMPLICIT) {
      Wire wire = dial();
      opened++;
      return wire;
    }
    // What a caller adds may be why STARTTLS is refused: only the plain one counts.
    while (true) {
      Line line = greeted();
      boolean ready = false;
      try {
        if (!offersStarttls()) {
          withoutStarttls = line.transcript();
          another(new Shut(Shut.Why.NO_STARTTLS, "EHLO offers no STARTTLS"));
          continue;
        }
        say(line, before);
        Reply go = timed(line, starttls);
        transcript = line.transcript();
        if (go.code() == 220) {
          if (line.unasked() > 0) {
            throw new Shut(
                Shut.Why.INJECTED, line.unasked() + " octets of plain text behind the 220");
          }
          starttlsTaken++;
          withoutInARow = 0;
          ready = true;
          return line.wire();
        }
        Shut refused = new Shut(Shut.Why.STARTTLS_REFUSED, "STARTTLS was answered " + go);
        if (!plain) {
          throw refused;
        }
        starttlsRefused++;
        if (isBusy(go) && starttlsTaken > 0) {
          if (!pause(go)) {
            throw new Shut(Shut.Why.THROTTLED, refused.seen());
          }
          continue;
        }
        another(refused);
      } finally {
        if (!ready) {
          line.quit();
        }
      }
    }
  }

  private boolean offersStarttls() {
    return latest == null || latest.offersStarttls();
  }

  /** Tries another connection, or ends with {@code last} when there were enough. */
  private void another(Shut last) throws Shut, InterruptedException {
    if (++withoutInARow >= without || visit.purse().left() == 0) {
      throw last;
    }
    sleep(manners.between());
  }

  /** A conversation in clear after EHLO; for the caller to close. */
  Line greeted() throws Shut, InterruptedException {
    while (true) {
      Wire wire = dial();
      Line line = new Line(wire);
      boolean good = false;
      // A greeting that drips is not waited for longer than one that does not come.
      Deadline deadline =
          Deadline.after(least(visit.left(), manners.banner().plus(manners.reply())), wire);
      try {
        Reply banner = banner(line);
        if (banner.code() == 220) {
          Reply hello = timed(line, "EHLO " + visit.ehlo() + "\r\n");
          if (hello.isPermanent() && !isBusy(hello)) {
            hello = timed(line, "HELO " + visit.ehlo() + "\r\n");
          }
          if (hello.code() == 250) {
            remember(hello);
            transcript = line.transcript();
            opened++;
            good = true;
            return line;
          }
          banner = hello;
        }
        transcript = line.transcript();
        if (isBusy(banner)) {
          if (pause(banner)) {
            continue;
          }
          throw new Shut(Shut.Why.THROTTLED, "the server said " + banner);
        }
        throw new Shut(Shut.Why.UNWELCOME, "the server said " + banner);
      } catch (IOException e) {
        boolean late = deadline.passed() || !visit.left().isPositive();
        throw new Shut(late ? Shut.Why.SILENT : Line.meaning(e), words(e));
      } finally {
        deadline.close();
        if (!good) {
          line.quit();
        }
      }
    }
  }

  private static String words(IOException e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  private Wire dial() throws Shut {
    if (!visit.left().isPositive()) {
      throw new Shut(Shut.Why.NO_TIME_LEFT, "the time for this assessment is over");
    }
    if (opened > 0 && visit.waited().compareTo(manners.patience()) > 0) {
      throw new Shut(
          Shut.Why.NO_TIME_LEFT,
          "the server holds each connection up: "
              + visit.waited().toSeconds()
              + " s were spent in waits");
    }
    if (!visit.purse().take()) {
      throw new Shut(
          Shut.Why.NO_CONNECTION_LEFT, "the budget of " + visit.purse().spent() + " connections");
    }
    InetAddress address = Objects.requireNonNull(visit.place().address());
    InetSocketAddress to = new InetSocketAddress(address, visit.place().port());
    try {
      Wire wire = dialer.connect(to, null, least(visit.left(), manners.connect()));
      visit.sightings().answers();
      return wire;
    } catch (IOException e) {
      throw new Shut(Shut.Why.UNREACHABLE, words(e));
    }
  }

  private Reply banner(Line line) throws IOException {
    long start = clock.nanoTime();
    try {
      return line.reply(least(visit.left(), manners.banner()));
    } finally {
      Duration took = Duration.ofNanos(clock.nanoTime() - start);
      visit.waited(took);
      slowestBanner = most(slowestBanner, took);
    }
  }

  private static void say(Line line, Before before) throws Shut {
    try {
      before.say(line);
    } catch (IOException e) {
      throw new Shut(Line.meaning(e), "before STARTTLS: " + words(e));
    }
  }

  private Reply timed(Line line, String command) throws Shut {
    long start = clock.nanoTime();
    try {
      line.send(command);
      return line.reply(least(visit.left(), manners.reply()));
    } catch (IOException e) {
      throw new Shut(Line.meaning(e), "after " + command.strip() + ": " + words(e));
    } finally {
      Duration took = Duration.ofNanos(clock.nanoTime() - start);
      visit.waited(took);
      quickestReply = quickestReply == null ? took : least(quickestReply, took);
    }
  }

  private void remember(Reply hello) {
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

  /** Waits as asked; false when it was asked too often. */
  private boolean pause(Reply reply) throws InterruptedException {
    throttle = reply.toString();
    if (visit.pauses() >= manners.pauses().size()) {
      return false;
    }
    Duration pause = manners.pauses().get(visit.pauses());
    visit.paused();
    if (pause.compareTo(visit.left()) >= 0) {
      return false;
    }
    visit.doing("waiting " + pause.toSeconds() + " s: " + reply);
    sleep(pause);
    return true;
  }

  private static void sleep(Duration time) throws InterruptedException {
    Thread.sleep(time);
  }

  private static Duration least(Duration a, Duration b) {
    Duration least = a.compareTo(b) <= 0 ? a : b;
    return least.isPositive() ? least : Duration.ofMillis(1);
  }

  private static Duration most(Duration a, Duration b) {
    return a.compareTo(b) >= 0 ? a : b;
  }

  /** EHLO words in clear; null before the first EHLO and on implicit TLS. */
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
  int starttlsTaken() {
    return starttlsTaken;
  }

  /** The last refusal for load, or empty. */
  String throttle() {
    return throttle;
  }

  /** The last conversation in clear. */
  String transcript() {
    return transcript;
  }

  /** The last conversation in which STARTTLS was not offered. */
  String withoutStarttls() {
    return withoutStarttls;
  }

  Manners manners() {
    return manners;
  }

  Clock clock() {
    return clock;
  }
}
