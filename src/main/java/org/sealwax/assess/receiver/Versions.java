package org.sealwax.assess.receiver;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Outcome;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.wire.HelloBuilder;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;
import org.sealwax.mail.tls.wire.Ssl2;
import org.sealwax.mail.tls.wire.Suite;

/** Which versions are spoken, and what the first ServerHello of TLS 1.2 or below shows besides. */
final class Versions {
  private static final int NO_RENEGOTIATION_INFO = 0;
  private final Scan scan;
  private boolean bestOld;

  /** Whether an answer showed what the server makes of compression and extensions. */
  private boolean shown;

  Versions(Scan scan) {
    this.scan = scan;
  }

  /** TLS 1.2 with everything that shows something: compression, heartbeat, tickets, a staple. */
  void twelve() throws Shut, InterruptedException {
    scan.visit().doing("TLS 1.2");
    int version = scan.highest();
    List<Integer> suites = Offers.usable(version, Offers.sound(s -> true));
    Answer answer =
        scan.small()
            ? scan.anyOf(version, suites)
            : scan.ask(
                scan.old(version, suites, Offers.CURVES, Offers.SCHEMES)
                    .compressions(1, NO_RENEGOTIATION_INFO)
                    .extension(HelloBuilder.SESSION_TICKET)
                    .extension(HelloBuilder.HEARTBEAT, (byte) 1)
                    .statusRequest());
    shown = answer.accepted() && !scan.small();
    if (answer.dropped() && !scan.book().spoken(Records.TLS13)) {
      answer = scan.anyOf(version, suites);
    }
    if (!answer.accepted() && version == Records.TLS12) {
      // Only sound suites were offered; a server may have nothing but others.
      Answer rest = scan.anyOf(version, Offers.suites(s -> !Offers.Weak.of(s).isEmpty()));
      answer = rest.accepted() ? rest : answer;
    }
    int found = answer.hello().map(ServerMessage.Hello::version).orElse(0);
    if (found == 0 && !answer.refused()) {
      return;
    }
    for (int v = version; v > found && v > Records.SSL3; v--) {
      if (v == version || found > 0) {
        scan.book().version(v, false);
      }
    }
    bestOld = true;
  }

  /** TLS 1.3 by a hello that offers nothing else; the groups are those that resist tomorrow. */
  void thirteen() throws Shut, InterruptedException {
    scan.visit().doing("TLS 1.3");
    if (!scan.offers13()) {
      if (!scan.book().spoken(Records.TLS13)) {
        noHybrid("no offer of TLS 1.3 is answered");
      }
      return;
    }
    Answer hybrid = scan.ask(scan.new13(Offers.TLS13, Offers.HYBRIDS));
    if (hybrid.accepted()) {
      scan.book().version(Records.TLS13, true);
      int group = hybrid.hello().map(ServerMessage.Hello::group).orElse(-1);
      scan.told()
          .pass(
              "kex.pq",
              "a hello with hybrid groups alone is answered with "
                  + org.sealwax.mail.tls.wire.NamedGroup.name(group),
              Evidence.octets(hybrid.first()));
      return;
    }
    if (!hybrid.refused()) {
      return;
    }
    if (!scan.book().spoken(Records.TLS13)) {
      Answer any = scan.ask(scan.new13(Offers.TLS13, Offers.GROUPS13));
      if (any.accepted() || any.refused()) {
        scan.book().version(Records.TLS13, any.accepted());
      }
    }
    noHybrid("a hello with hybrid groups alone is refused: " + hybrid.words());
  }

  private void noHybrid(String seen) {
    scan.told().say("kex.pq", Outcome.WARN, "missing", seen);
  }

  /** TLS 1.1, 1.0 and SSL 3.0, each only as long as there is a doubt. */
  void older() throws Shut, InterruptedException {
    scan.visit().doing("old versions");
    List<Integer> all = Offers.suites(s -> !s.export());
    for (int version = Records.TLS11; version >= Records.SSL3; version--) {
      Optional<Boolean> known = scan.book().speaks(version);
      if (known.isPresent()) {
        continue;
      }
      Answer answer = scan.anyOf(version, all);
      int found = answer.hello().map(ServerMessage.Hello::version).orElse(0);
      if (found == 0 && !answer.refused()) {
        return;
      }
      for (int v = version; v > found && v >= Records.SSL3; v--) {
        // A server answers with the best that it has up to what was offered (RFC 5246 appendix
        // E.1): a refusal says it of all of them; SSL 3.0 is asked for by itself, because its
        // hellos have no extensions and some servers treat them apart.
        if (v > Records.SSL3 || version == Records.SSL3) {
          scan.book().version(v, v == found);
        }
      }
    }
  }

  /** SSL 2.0. */
  void two() throws Shut, InterruptedException {
    if (scan.told().has("ssl2")) {
      return;
    }
    scan.visit().doing("SSL 2.0");
    byte[] octets = new byte[Ssl2.MAX_OCTETS];
    int count = 0;
    boolean ended = false;
    Ssl2.Reading reading = new Ssl2.Reading.Partial();
    Wire wire = scan.door().toTls();
    Duration wait = scan.patience();
    try (Deadline _ = Deadline.after(wait.multipliedBy(2), wire)) {
      wire.out().write(Ssl2.clientHello(Ssl2.KINDS, scan.chance().bytes(16)));
      wire.readTimeout(wait);
      while (reading instanceof Ssl2.Reading.Partial && count < octets.length) {
        int more = wire.in().read(octets, count, octets.length - count);
        if (more < 0) {
          ended = true;
          break;
        }
        count += more;
        reading = Ssl2.read(octets, count);
      }
    } catch (java.net.SocketTimeoutException e) {
      ended = false;
    } catch (IOException e) {
      ended = true;
    } finally {
      close(wire);
    }
    switch (reading) {
      case Ssl2.Reading.Whole whole -> {
        scan.book().version(0x0002, true);
        List<String> kinds = whole.answer().kinds().stream().map(Ssl2::name).toList();
        scan.told()
            .say(
                "ssl2",
                Outcome.FAIL,
                "on",
                "SSL 2.0 is answered with "
                    + (kinds.isEmpty() ? "no cipher in common" : String.join(", ", kinds)),
                Evidence.octets(java.util.Arrays.copyOf(octets, Math.min(count, Answer.KEPT))));
        scan.told()
            .say(
                "vuln.drown",
                Outcome.FAIL,
                "vulnerable",
                "the key is in use with SSL 2.0, so what TLS carries under it can be decrypted");
        kinds.stream()
            .filter(kind -> kind.contains("RC4_128_WITH"))
            .findFirst()
            .ifPresent(kind -> scan.told().say("suite.rc4", Outcome.FAIL, "accepted", kind));
      }
      case Ssl2.Reading.Broken broken -> off();
      case Ssl2.Reading.Partial partial -> {
        if (ended) {
          off();
        } else {
          scan.told()
              .say("ssl2", Outcome.INCONCLUSIVE, "", "a hello of SSL 2.0 gets no answer at all");
        }
      }
    }
  }

  private void off() {
    scan.book().version(0x0002, false);
    scan.told().pass("ssl2", "a hello of SSL 2.0 is refused");
    scan.told().pass("vuln.drown", "SSL 2.0 is off here");
  }

  private static void close(Wire wire) {
    try {
      wire.close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }

  /** Says what is known by now. */
  void tell() {
    Notebook book = scan.book();
    Told told = scan.told();
    Optional<Boolean> thirteen = book.speaks(Records.TLS13);
    Optional<Boolean> twelve = book.speaks(Records.TLS12);
    thirteen.ifPresent(
        on -> {
          if (on) {
            told.pass("tls13", "TLS 1.3 is spoken");
          } else {
            told.say("tls13", Outcome.WARN, "missing", "TLS 1.3 is not spoken");
          }
        });
    twelve.ifPresent(
        on -> {
          if (on) {
            told.pass("tls12", "TLS 1.2 is spoken");
          } else if (thirteen.orElse(false)) {
            told.pass("tls12", "TLS 1.3 only: nothing older is spoken");
          } else if (thirteen.isPresent()) {
            told.say("tls12", Outcome.FAIL, "neither", "neither TLS 1.2 nor TLS 1.3 is spoken");
          }
        });
    int best = book.highest(Records.TLS13);
    old(Records.TLS11, "tls11", best);
    old(Records.TLS10, "tls10", best);
    book.speaks(Records.SSL3)
        .ifPresent(
            on -> {
              if (on) {
                told.say("ssl3", Outcome.FAIL, "on", "SSL 3.0 is spoken");
                cbcOfSsl3();
              } else {
                told.pass("ssl3", "SSL 3.0 is refused");
                told.pass("vuln.poodle", "SSL 3.0 is off");
              }
            });
  }

  private void cbcOfSsl3() {
    boolean cbc =
        scan.book().suites().getOrDefault(Records.SSL3, java.util.Set.of()).stream()
            .anyMatch(id -> Suite.of(id).map(s -> s.mode() == Suite.Mode.CBC).orElse(false));
    if (cbc) {
      scan.told()
          .say("vuln.poodle", Outcome.FAIL, "vulnerable", "SSL 3.0 is spoken with a CBC suite");
    }
  }

  /** With RC4 preferred, SSL 3.0 shows no CBC suite until one is asked for. */
  void poodle() throws Shut, InterruptedException {
    if (!scan.book().spoken(Records.SSL3)) {
      return;
    }
    Answer answer =
        scan.anyOf(Records.SSL3, Offers.suites(s -> s.mode() == Suite.Mode.CBC && !s.export()));
    if (!answer.accepted() && answer.refused()) {
      scan.told().pass("vuln.poodle", "SSL 3.0 is spoken, but without CBC suites");
    } else {
      cbcOfSsl3();
    }
  }

  private void old(int version, String check, int best) {
    scan.book()
        .speaks(version)
        .ifPresent(
            on -> {
              if (!on) {
                scan.told().pass(check, Names.version(version) + " is refused");
              } else if (best == version) {
                scan.told()
                    .say(
                        check,
                        Outcome.FAIL,
                        "best",
                        "nothing better than " + Names.version(version) + " is spoken");
              } else {
                scan.told()
                    .say(check, Outcome.WARN, "on", Names.version(version) + " is still spoken");
              }
            });
  }

  /** What ServerHellos before TLS 1.3 said about themselves. */
  void flags() {
    Notebook book = scan.book();
    Told told = scan.told();
    int old = book.highest(Records.TLS12);
    if (old == 0) {
      if (bestOld && book.spoken(Records.TLS13)) {
        String seen = "TLS 1.3 only, which has it by design";
        for (String check : List.of("ems", "secure-reneg", "compression", "client-reneg", "scsv")) {
          told.pass(check, seen);
        }
      }
      return;
    }
    boolean answered = book.helloAnswered();
    if (book.answers(HelloBuilder.EXTENDED_MASTER_SECRET)) {
      told.pass("ems", "extended_master_secret is answered");
    } else if (old > Records.SSL3 && answered) {
      told.say("ems", Outcome.WARN, "missing", "extended_master_secret is not answered");
    }
    if (book.answers(HelloBuilder.RENEGOTIATION_INFO)) {
      told.pass("secure-reneg", "renegotiation_info is answered");
    } else if (answered) {
      told.say("secure-reneg", Outcome.FAIL, "missing", "renegotiation_info is not answered");
    }
    if (book.compresses()) {
      told.say("compression", Outcome.FAIL, "on", "DEFLATE is chosen when it is offered");
    } else if (shown) {
      told.pass("compression", "DEFLATE is offered and not chosen");
    }
  }
}
