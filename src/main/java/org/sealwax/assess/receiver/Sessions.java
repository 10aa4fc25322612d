package org.sealwax.assess.receiver;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.tlsclient.LookAlert;
import org.sealwax.assess.tlsclient.LookClient;
import org.sealwax.assess.tlsclient.LookFacts;
import org.sealwax.assess.tlsclient.LookIdentity;
import org.sealwax.assess.tlsclient.LookOffer;
import org.sealwax.assess.tlsclient.LookWire;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.ReplyTrouble;
import org.sealwax.mail.tls.wire.HelloBuilder;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.Suite;

/** What shows only under TLS: state across STARTTLS, tickets, renegotiation, certificates. */
final class Sessions {
  /** NCSC-NL and RFC 9325 3.4: keys of tickets live at most a week. */
  private static final long WEEK = 7 * 24 * 3600L;

  private static final String INJECTION = "starttls.cmdinjection";

  private final Scan scan;
  private final Contact contact;

  Sessions(Scan scan, Contact contact) {
    this.scan = scan;
    this.contact = contact;
  }

  private Duration answerTime() {
    return scan.door().manners().reply();
  }

  /** A command behind STARTTLS, in the same segment, must not be answered under TLS. */
  void injection() throws Shut, InterruptedException {
    scan.visit().doing("command injection");
    if (!starttls(INJECTION)) {
      return;
    }
    // Where a plain STARTTLS leads to TLS, a connection that ends twice ends because of the
    // command.
    Optional<String> first = injected();
    Optional<String> second = first.isPresent() ? injected() : first;
    second.ifPresent(
        how -> scan.told().pass(INJECTION, "the command ends the connection, twice: " + how));
  }

  /** One try: empty when it is settled, else how the connection ended before TLS. */
  private Optional<String> injected() throws Shut, InterruptedException {
    Wire wire;
    try {
      wire = scan.door().toTls("STARTTLS\r\nNOOP\r\n", line -> {});
    } catch (Shut e) {
      if (e.why() == Shut.Why.INJECTED) {
        scan.told().pass(INJECTION, "the command is answered before TLS, in clear text");
        return Optional.empty();
      }
      if (e.why() == Shut.Why.STARTTLS_REFUSED) {
        scan.told().pass(INJECTION, "refused: " + e.seen());
        return Optional.empty();
      }
      if (e.why() == Shut.Why.CLOSED) {
        return Optional.of(e.seen());
      }
      throw e;
    }
    LookClient.Result result = scan.engine(wire, scan.offer());
    LookWire under = result.wire();
    if (under == null && result.silent()) {
      ended(INJECTION, "the handshake after it", result.trouble(), false);
      return Optional.empty();
    }
    if (under == null) {
      return Optional.of(result.trouble());
    }
    answered(under);
    return Optional.empty();
  }

  private void answered(LookWire under) {
    Line line = new Line(under);
    try {
      Reply first = line.exchange("QUIT", answerTime());
      if (first.code() == 250) {
        scan.told()
            .say(
                INJECTION,
                Outcome.FAIL,
                "answered",
                "NOOP sent in clear behind STARTTLS was answered under TLS: " + first,
                Evidence.transcript(line.transcript()));
      } else {
        scan.told().pass(INJECTION, "the command behind STARTTLS is forgotten");
      }
    } catch (IOException e) {
      ended(INJECTION, "QUIT under TLS", String.valueOf(e.getMessage()), false);
    } finally {
      line.close();
    }
  }

  /** A connection that ended where an answer was due: a refusal in words passes, nothing else. */
  private void ended(String check, String what, String trouble, boolean inWords) {
    scan.told()
        .say(
            check,
            inWords ? Outcome.PASS : Outcome.INCONCLUSIVE,
            "",
            what + (inWords ? " is refused: " : " is not answered: ") + trouble);
  }

  private boolean starttls(String check) {
    if (scan.visit().entry() == Entry.IMPLICIT) {
      scan.told().pass(check, "there is no clear text before TLS");
      return false;
    }
    return contact.underTls();
  }

  private void requires(Reply mail) {
    if (!scan.told().has("starttls.required")) {
      scan.told()
          .say(
              "starttls.required",
              Outcome.INFO,
              mail.code() == 250 ? "clear-taken" : "clear-refused",
              "MAIL in clear text is answered " + mail);
    }
  }

  /** MAIL before TLS must be forgotten with everything else (RFC 3207 4.2). */
  void reset() throws Shut, InterruptedException {
    scan.visit().doing("state across STARTTLS");
    if (!starttls("starttls.reset")) {
      return;
    }
    Reply[] mail = new Reply[1];
    Wire wire;
    try {
      wire =
          scan.door()
              .toTls(Door.STARTTLS, line -> mail[0] = line.exchange("MAIL FROM:<>", answerTime()));
    } catch (Shut e) {
      if (e.why() != Shut.Why.STARTTLS_REFUSED || mail[0] == null) {
        throw e;
      }
      // RFC 3207 says nothing of STARTTLS within a transaction; who refuses it has nothing to keep.
      requires(mail[0]);
      scan.told().pass("starttls.reset", "no state can be carried over: after MAIL " + e.seen());
      return;
    }
    boolean taken = mail[0] != null && mail[0].code() == 250;
    if (mail[0] != null) {
      requires(mail[0]);
    }
    LookWire under = scan.engine(wire, scan.offer()).wire();
    if (under == null) {
      return;
    }
    Line line = new Line(under);
    try {
      if (!taken) {
        scan.told().pass("starttls.reset", "no MAIL is taken before TLS");
        return;
      }
      String rcpt = "RCPT TO:<postmaster>";
      Reply first = line.exchange(rcpt, answerTime());
      if (first.code() == 503 || first.isPermanent() && first.code() != 550) {
        scan.told().pass("starttls.reset", "RCPT after STARTTLS is answered " + first);
        return;
      }
      line.exchange("RSET", answerTime());
      Reply second = line.exchange(rcpt, answerTime());
      if (second.code() == 503) {
        scan.told()
            .say(
                "starttls.reset",
                Outcome.FAIL,
                "kept",
                "RCPT belongs to the MAIL of before TLS: " + first,
                Evidence.transcript(line.transcript()));
      } else {
        scan.told()
            .pass("starttls.reset", "RCPT does not depend on MAIL here, before or after RSET");
      }
    } catch (IOException e) {
      ended("starttls.reset", "RCPT without a new MAIL", String.valueOf(e.getMessage()), false);
    } finally {
      line.quit();
    }
  }

  /** A certificate that nobody trusts, shown to a server that asks. */
  void clientCertificate() throws Shut, InterruptedException {
    scan.visit().doing("client certificate");
    boolean asked =
        contact.facts() != null && contact.facts().request() != null
            || scan.book().request().isPresent();
    if (!asked) {
      if (contact.facts() != null) {
        scan.told().pass("clientcert.tolerate", "no certificate is asked for");
      }
      return;
    }
    java.time.Instant now = scan.door().clock().now();
    LookIdentity own =
        LookIdentity.selfSigned(
            "probe.invalid", now.minus(Duration.ofDays(60)), now.minus(Duration.ofDays(30)));
    // Without a certificate the same handshake goes on; one that ends without a word is tried
    // again.
    String trouble = "";
    boolean refused = false;
    for (int round = 0; round < 2 && !refused; round++) {
      LookClient.Result result = scan.engine(scan.offer().showing(own));
      trouble = result.trouble();
      refused = result.alert() >= 0 || round > 0 && !result.silent();
      LookWire under = result.wire();
      if (under == null) {
        continue;
      }
      Line line = new Line(under);
      try {
        if (scan.visit().entry() == Entry.IMPLICIT) {
          line.reply(answerTime());
        }
        Reply hello = line.exchange("EHLO " + scan.visit().ehlo(), answerTime());
        scan.told()
            .pass(
                "clientcert.tolerate", "with an expired self-signed one EHLO is answered " + hello);
        return;
      } catch (IOException e) {
        trouble = String.valueOf(e.getMessage());
        refused = e instanceof LookAlert || round > 0 && Line.meaning(e) != Shut.Why.SILENT;
      } finally {
        line.quit();
      }
    }
    scan.told()
        .say(
            "clientcert.tolerate",
            refused ? Outcome.FAIL : Outcome.INCONCLUSIVE,
            refused ? "aborts" : "",
            "with an expired self-signed certificate the connection does not go on: " + trouble);
  }

  /** What was asked of our certificate, as far as anything showed it. */
  void tellRequest() {
    LookFacts facts = contact.facts();
    if (scan.told().has("clientcert.request") || facts == null) {
      return;
    }
    LookFacts.Request request = facts.request();
    if (request == null) {
      scan.told().pass("clientcert.request", "no certificate is asked for");
    } else if (request.octets() > 4_096) {
      scan.told()
          .say(
              "clientcert.request",
              Outcome.WARN,
              "large-list",
              request.authorities() + " CAs are listed in " + request.octets() + " octets");
    } else {
      scan.told()
          .say(
              "clientcert.request",
              Outcome.INFO,
              "requested",
              "a certificate is asked for and not demanded; "
                  + request.authorities()
                  + " CAs listed");
    }
  }

  /** A second handshake of the client's wish inside the first. */
  void renegotiation() throws Shut, InterruptedException {
    scan.visit().doing("renegotiation");
    if (scan.told().has("client-reneg") || !scan.speaksOld().orElse(false)) {
      return;
    }
    int old = Math.min(scan.book().highest(Records.TLS12), Records.TLS12);
    LookClient.Result result =
        scan.engine(scan.offer().versions(Math.min(Records.TLS10, old), old));
    LookWire under = result.wire();
    if (under == null) {
      return;
    }
    try {
      List<Integer> suites = List.of(result.facts().suite());
      under.readTimeout(scan.patience());
      LookWire.Taken taken = under.renegotiate(suites);
      switch (taken) {
        case ACCEPTED ->
            scan.told()
                .say(
                    "client-reneg",
                    Outcome.WARN,
                    "endless",
                    "a renegotiation that the client asks for is begun");
        case REFUSED, CLOSED ->
            scan.told().pass("client-reneg", "a renegotiation that the client asks for is refused");
        case SILENT ->
            scan.told()
                .say(
                    "client-reneg",
                    Outcome.INCONCLUSIVE,
                    "",
                    "a renegotiation that the client asks for is not answered");
      }
    } catch (IOException e) {
      // The connection ended before the question.
    } finally {
      close(under);
    }
  }

  /** Records with wrong padding and a right MAC (CVE-2014-8730). */
  void padding() throws Shut, InterruptedException {
    scan.visit().doing("padding");
    List<Integer> cbc =
        Offers.sound(
            s ->
                s.mode() == Suite.Mode.CBC
                    && scan.book().oldSuites().contains(s.id())
                    && (s.bulk() == Suite.Bulk.AES || s.bulk() == Suite.Bulk.CAMELLIA));
    if (cbc.isEmpty()) {
      if (!scan.book().oldSuites().isEmpty() || !scan.speaksOld().orElse(true)) {
        scan.told().pass("vuln.poodle-tls", "no CBC suite is accepted in TLS");
      }
      return;
    }
    int old = Math.min(scan.book().highest(Records.TLS12), Records.TLS12);
    if (old < Records.TLS10) {
      return;
    }
    LookOffer offer = scan.offer().versions(Records.TLS10, old).suites(cbc);
    LookWire under = scan.engine(offer).wire();
    if (under == null) {
      return;
    }
    Line line = new Line(under);
    try {
      if (scan.visit().entry() == Entry.IMPLICIT) {
        line.reply(answerTime());
      }
      under.alterPadding();
      Reply reply = line.exchange("NOOP", scan.patience());
      if (!under.altered()) {
        return;
      }
      scan.told()
          .say(
              "vuln.poodle-tls",
              Outcome.FAIL,
              "vulnerable",
              "a record with wrong padding was taken: NOOP in it is answered " + reply);
    } catch (IOException e) {
      // RFC 5246 6.2.3.2 demands an alert, after which the connection is over.
      boolean refused =
          e instanceof LookAlert
              || e instanceof ReplyTrouble trouble && trouble.kind() == ReplyTrouble.Kind.CLOSED;
      ended(
          "vuln.poodle-tls",
          "a record with wrong padding",
          String.valueOf(e.getMessage()),
          refused && under.altered());
    } finally {
      line.close();
    }
  }

  /** A ticket of TLS 1.2, for those checks that need one. */
  LookFacts.@Nullable Ticket oldTicket() throws Shut, InterruptedException {
    scan.visit().doing("tickets");
    int old = Math.min(scan.book().highest(Records.TLS12), Records.TLS12);
    if (old < Records.TLS10) {
      return null;
    }
    LookFacts facts = contact.facts();
    if (facts == null || facts.version() > Records.TLS12) {
      LookClient.Result result =
          scan.engine(scan.offer().versions(Math.min(Records.TLS10, old), old));
      LookWire under = result.wire();
      if (under == null) {
        return null;
      }
      new Line(under).quit();
      facts = under.facts();
    }
    last = facts;
    return facts.tickets().isEmpty() ? null : facts.tickets().getFirst();
  }

  private @Nullable LookFacts last;

  /** The handshake that {@link #oldTicket} came from. */
  @Nullable LookFacts last() {
    return last;
  }

  /** What tickets say about themselves. */
  void tellTickets(LookFacts.@Nullable Ticket old, boolean looked) {
    LookFacts facts = contact.facts();
    if (facts == null) {
      if (scan.book().answers(HelloBuilder.SESSION_TICKET)) {
        scan.told()
            .say(
                "ticket", Outcome.INFO, "", "tickets are offered; none of them could be looked at");
      }
      return;
    }
    List<LookFacts.Ticket> all = new java.util.ArrayList<>(facts.tickets());
    if (old != null && !all.contains(old)) {
      all.add(old);
    }
    boolean bad = false;
    for (LookFacts.Ticket ticket : all) {
      byte[] octets = HexFormat.of().parseHex(ticket.octets());
      if (underZeroKey(octets)) {
        bad = true;
        scan.told()
            .say(
                "ticket",
                Outcome.FAIL,
                "zero-key",
                "tickets are made under a key of zeros",
                Evidence.octets(octets));
      } else if (ticket.lifetime() > WEEK) {
        bad = true;
        scan.told()
            .say(
                "ticket",
                Outcome.WARN,
                "long",
                "tickets are good for " + ticket.lifetime() / 3600 + " hours");
      }
    }
    if (!bad) {
      scan.told()
          .pass(
              "ticket",
              all.isEmpty()
                  ? "no ticket is given"
                  : all.size() + " tickets, good for " + all.getFirst().lifetime() + " s");
    }
    if (facts.version() < Records.TLS13 && looked) {
      scan.told().pass("early-data", "TLS 1.3 was not negotiated");
    } else if (facts.version() >= Records.TLS13) {
      long early = facts.tickets().stream().mapToLong(LookFacts.Ticket::earlyData).max().orElse(-1);
      if (early > 0) {
        scan.told()
            .say(
                "early-data",
                Outcome.FAIL,
                "accepted",
                "tickets allow " + early + " octets of early data");
      } else {
        scan.told().pass("early-data", "tickets allow no early data");
      }
    }
  }

  /**
   * RFC 5077 4: key name, IV, state, HMAC-SHA-256 over what is before it. A key of zeros is what
   * GnuTLS used for its first hours (CVE-2020-13777), and what careless code leaves.
   */
  static boolean underZeroKey(byte[] ticket) {
    if (ticket.length < 16 + 16 + 16 + 32) {
      return false;
    }
    byte[] body = Arrays.copyOf(ticket, ticket.length - 32);
    byte[] mac = Arrays.copyOfRange(ticket, ticket.length - 32, ticket.length);
    for (int size : new int[] {16, 32}) {
      try {
        Mac hmac = Mac.getInstance("HmacSHA256");
        hmac.init(new SecretKeySpec(new byte[size], "HmacSHA256"));
        if (Arrays.equals(hmac.doFinal(body), mac)) {
          return true;
        }
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every JDK has HmacSHA256", e);
      }
    }
    return Flaws.zero(Arrays.copyOf(ticket, 16));
  }

  /** Certificates of the key types that have not been seen. */
  void certificates() throws Shut, InterruptedException {
    scan.visit().doing("certificates of each type");
    boolean old = scan.speaksOld().orElse(false);
    boolean tried = true;
    if (!scan.book().leafTypes().contains("RSA")) {
      tried &= type(old, Suite.Authentication.RSA, List.of(0x0804, 0x0805, 0x0806, 0x0401, 0x0501));
    }
    boolean curve = scan.book().leafTypes().contains("EC");
    if (!curve && !scan.book().leafTypes().contains("EdDSA")) {
      tried &=
          type(old, Suite.Authentication.ECDSA, List.of(0x0403, 0x0503, 0x0603, 0x0807, 0x0808));
    }
    if (tried) {
      scan.visit().sightings().allTypesTried();
    }
  }

  private boolean type(boolean old, Suite.Authentication kind, List<Integer> schemes)
      throws Shut, InterruptedException {
    if (old) {
      int version = scan.oldVersion();
      List<Integer> suites =
          Offers.usable(
              version,
              Offers.suites(
                  s ->
                      !s.export()
                          && s.authentication() == kind
                          && (s.exchange() == Suite.Exchange.ECDHE
                              || s.exchange() == Suite.Exchange.DHE
                              || s.exchange() == Suite.Exchange.RSA)));
      if (suites.isEmpty()) {
        return true;
      }
      Answer answer = scan.anyOf(version, suites);
      return answer.accepted() || answer.refused();
    }
    if (scan.book().spoken(Records.TLS13)) {
      LookClient.Result result =
          scan.engine(scan.offer().versions(Records.TLS13, Records.TLS13).schemes(schemes));
      close(result.wire());
      return true;
    }
    return false;
  }

  private static void close(@Nullable Wire wire) {
    if (wire == null) {
      return;
    }
    try {
      wire.close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }
}
