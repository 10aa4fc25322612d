package org.sealwax.assess.receiver;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Probe;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/**
 * Whether the server relays for any client (RFC 2505 2.1): five fixed forms of envelope toward a
 * mailbox of the user, in a domain that is not this server's, each ended by RSET. There is no DATA,
 * so nothing is sent even by an open relay. Thread-safe.
 */
public final class OpenRelayProbe implements Probe {
  /** One session, and another one after a server that disconnects in the middle of the first. */
  public static final int CONNECTIONS = 2 * SmtpClientSession.CONNECTIONS;

  private static final Check CHECK = Check.of("relay");

  /** Bytes of a local part that does not exist. */
  private static final int STRANGE = 8;

  private final Mailbox own;
  private final Resolver resolver;
  private final Dialer dialer;
  private final Clock clock;
  private final RandomSource random;
  private final ScanTimeouts timeouts;

  /**
   * Toward this mailbox.
   *
   * @param own mailbox of the user; ASCII, in a domain
   * @param resolver shows whether that domain is the server's own
   */
  public OpenRelayProbe(
      Mailbox own, Resolver resolver, Dialer dialer, Clock clock, RandomSource random) {
    this(own, resolver, dialer, clock, random, ScanTimeouts.defaults());
  }

  OpenRelayProbe(
      Mailbox own,
      Resolver resolver,
      Dialer dialer,
      Clock clock,
      RandomSource random,
      ScanTimeouts timeouts) {
    this.own = own;
    this.resolver = resolver;
    this.dialer = dialer;
    this.clock = clock;
    this.random = random;
    this.timeouts = timeouts;
  }

  @Override
  public List<Check> checks() {
    return List.of(CHECK);
  }

  @Override
  public int reserve(org.sealwax.assess.model.ScanDepth depth) {
    return CONNECTIONS;
  }

  /** Where the source route stands among the forms. */
  private static final int ROUTE = 3;

  /** One form of envelope. */
  private record EnvelopeForm(String name, String sender, String recipient) {}

  /** The reply of a server to one; a null recipient was not sent. */
  private record EnvelopeReplies(EnvelopeForm form, Reply mail, @Nullable Reply recipient) {
    boolean accepted() {
      return recipient != null && recipient.isPositive();
    }

    /** RFC 3463 3.8: x.7.1 is refusal by policy, also with a 4yz reply. */
    boolean refused() {
      Reply last = recipient == null ? mail : recipient;
      EnhancedStatus status = last.status();
      return last.isPermanent() || status != null && status.toString().endsWith(".7.1");
    }
  }

  @Override
  public List<Finding> run(AddressVisit visit) throws InterruptedException {
    visit.reportProgress("relay test");
    LocatedCheck here = CHECK.at(visit.location());
    MailboxMxCheck mxCheck = MailboxMxCheck.of(own, visit.location(), resolver, random);
    if (mxCheck == MailboxMxCheck.HERE) {
      return List.of(
          here.notTested(
              "this server accepts mail for "
                  + own.domain()
                  + ": name a mailbox in another domain"));
    }
    if (mxCheck == MailboxMxCheck.NO_HOST) {
      return List.of(here.notTested(own.domain() + " does not accept mail: name another mailbox"));
    }
    AddressScan scan =
        new AddressScan(
            visit, new SmtpConnector(visit, dialer, clock, timeouts).withoutRetries(), random);
    OpenRelayRun run = new OpenRelayRun(scan, forms(isMailboxHost(visit)));
    String problem = "";
    try {
      run.all();
    } catch (ProbeFailed e) {
      problem = e.observed();
    }
    return List.of(
        verdict(here, run, mxCheck, problem).with(FindingEvidence.transcript(run.replies)));
  }

  /** The domain that the server is responsible for, as far as we know it. */
  private static String isMailboxHost(AddressVisit visit) {
    Domain hop = visit.nextHop();
    FindingLocation location = visit.location();
    if (hop != null) {
      return hop.name();
    }
    if (location.host() != null) {
      return location.host().name();
    }
    String address = location.address() == null ? "" : AddressText.of(location.address());
    // RFC 5321 4.1.3.
    return "[" + (address.contains(":") ? "IPv6:" : "") + address + "]";
  }

  private List<EnvelopeForm> forms(String here) {
    String to = own.toString();
    String inside = own.localPart() + "%" + own.domain() + "@" + here;
    return List.of(
        new EnvelopeForm("from another domain", to, to),
        new EnvelopeForm("from the null sender", "", to),
        new EnvelopeForm("from this domain", "postmaster@" + here, to),
        // RFC 5321 appendix C: a source route is to be ignored, and its mailbox judged as it is.
        new EnvelopeForm("by a source route", to, "@" + here + ":" + to),
        new EnvelopeForm("by a percent sign", to, inside));
  }

  /** One run of all forms over one address. */
  private final class OpenRelayRun {
    private final AddressScan scan;
    private final List<EnvelopeForm> forms;
    private final List<EnvelopeReplies> answers = new ArrayList<>();
    private boolean acceptsAnyRecipient;
    private boolean acceptsInvalidRecipient;
    private String replies = "";

    OpenRelayRun(AddressScan scan, List<EnvelopeForm> forms) {
      this.scan = scan;
      this.forms = forms;
    }

    void all() throws ProbeFailed, InterruptedException {
      try {
        tryForms();
      } catch (IOException e) {
        // Many servers disconnect after some refusals: go on once where they did.
        try {
          tryForms();
        } catch (IOException again) {
          throw new ProbeFailed(
              SmtpConnection.meaning(again), "the connection ends: " + FailureText.of(again));
        }
      }
    }

    private void tryForms() throws IOException, ProbeFailed, InterruptedException {
      SmtpConnection connection = SmtpClientSession.open(scan);
      try (Deadline _ = Deadline.after(scan.visit().timeLeft(), connection.wire())) {
        while (answers.size() < forms.size()) {
          EnvelopeForm form = forms.get(answers.size());
          answers.add(ask(connection, form));
        }
        EnvelopeForm route = forms.get(ROUTE);
        if (answers.get(ROUTE).accepted()
            && answers.subList(0, ROUTE).stream().noneMatch(EnvelopeReplies::accepted)) {
          // A route to no mailbox at all is not an address (RFC 5321 4.1.2): a server that accepts
          // it
          // reads no further than its own name, and need not relay to any host.
          String recipient = route.recipient().substring(0, route.recipient().indexOf(':') + 1);
          acceptsInvalidRecipient =
              ask(
                      connection,
                      new EnvelopeForm(
                          "to a domain that does not exist", route.sender(), recipient))
                  .accepted();
        }
        EnvelopeForm last = forms.getLast();
        if (answers.getLast().accepted()) {
          // A local part with a percent sign may be one of its own, where it takes any.
          String nobody = "x" + HexFormat.of().formatHex(random.bytes(STRANGE));
          String recipient = nobody + last.recipient().substring(last.recipient().indexOf('@'));
          acceptsAnyRecipient =
              ask(
                      connection,
                      new EnvelopeForm(
                          "to a mailbox that does not exist", last.sender(), recipient))
                  .accepted();
        }
      } finally {
        replies += connection.transcript();
        connection.sendQuit();
      }
    }

    private EnvelopeReplies ask(SmtpConnection connection, EnvelopeForm form) throws IOException {
      Reply mail = connection.exchange("MAIL FROM:<" + form.sender() + ">", timeouts.reply());
      Reply recipient =
          mail.isPositive()
              ? connection.exchange("RCPT TO:<" + form.recipient() + ">", timeouts.reply())
              : null;
      EnvelopeReplies answered = new EnvelopeReplies(form, mail, recipient);
      connection.exchange("RSET", timeouts.reply());
      return answered;
    }

    List<EnvelopeReplies> open() {
      return answers.stream()
          .filter(EnvelopeReplies::accepted)
          .filter(a -> !(acceptsAnyRecipient && a.form().equals(forms.getLast())))
          .filter(a -> !(acceptsInvalidRecipient && a.form().equals(forms.get(ROUTE))))
          .toList();
    }
  }

  private Finding verdict(
      LocatedCheck here, OpenRelayRun run, MailboxMxCheck mxCheck, String problem) {
    List<EnvelopeReplies> open = run.open();
    if (!open.isEmpty()) {
      EnvelopeReplies first = open.getFirst();
      String seen =
          "mail "
              + String.join(", ", open.stream().map(a -> a.form().name()).toList())
              + " is accepted: RCPT TO:<"
              + first.form().recipient()
              + "> after MAIL FROM:<"
              + first.form().sender()
              + "> is answered "
              + first.recipient();
      return mxCheck == MailboxMxCheck.UNKNOWN
          ? here.inconclusive(
              seen + "; whether the server accepts mail for " + own.domain() + " is not known")
          : here.fail(seen).as("open");
    }
    if (run.answers.size() < run.forms.size()) {
      return here.inconclusive(
          "after " + run.answers.size() + " of " + run.forms.size() + " forms: " + problem);
    }
    List<EnvelopeReplies> judged =
        run.answers.stream().filter(a -> !a.accepted()).filter(a -> a.recipient() != null).toList();
    for (EnvelopeReplies each : run.answers) {
      if (!each.accepted() && !each.refused()) {
        Reply last = each.recipient() == null ? each.mail() : each.recipient();
        return here.inconclusive(
            "mail " + each.form().name() + " is deferred, not rejected: " + last);
      }
    }
    if (judged.isEmpty()) {
      return here.inconclusive(
          "no RCPT was possible: MAIL is answered " + run.answers.getFirst().mail());
    }
    return here.pass(
        run.answers.size()
            + " forms of mail to "
            + own.domain()
            + " are refused"
            + (run.acceptsAnyRecipient
                ? ", except with a percent sign, where any local part is accepted"
                : "")
            + (run.acceptsInvalidRecipient
                ? ", except a source route, where one to a nonexistent domain is accepted"
                : "")
            + ": "
            + judged.getFirst().recipient());
  }
}
