package org.sealwax.assess.receiver;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.Probe;
import org.sealwax.assess.Visit;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/**
 * Whether the server relays for anybody (RFC 2505 2.1): five fixed forms of envelope toward a
 * mailbox of the person who asks, in a domain that is not this server's, each ended by RSET. There
 * is no DATA, so nothing is sent even by an open relay. Thread-safe.
 */
public final class RelayTest implements Probe {
  /** One conversation, and another one after a server that hangs up in the middle of the first. */
  public static final int CONNECTIONS = 2 * Parley.CONNECTIONS;

  private static final Check CHECK = Check.of("relay");

  /** Octets of a local part that nobody has. */
  private static final int STRANGE = 8;

  private final Mailbox own;
  private final Resolver resolver;
  private final Dialer dialer;
  private final Clock clock;
  private final Chance chance;
  private final Manners manners;

  /**
   * Toward this mailbox.
   *
   * @param own of the person who asks; ASCII, in a domain
   * @param resolver tells whether that domain is the server's own
   */
  public RelayTest(Mailbox own, Resolver resolver, Dialer dialer, Clock clock, Chance chance) {
    this(own, resolver, dialer, clock, chance, Manners.defaults());
  }

  RelayTest(
      Mailbox own, Resolver resolver, Dialer dialer, Clock clock, Chance chance, Manners manners) {
    this.own = own;
    this.resolver = resolver;
    this.dialer = dialer;
    this.clock = clock;
    this.chance = chance;
    this.manners = manners;
  }

  @Override
  public List<Check> checks() {
    return List.of(CHECK);
  }

  @Override
  public int reserve(org.sealwax.assess.model.Depth depth) {
    return CONNECTIONS;
  }

  /** Where the source route stands among the forms. */
  private static final int ROUTE = 3;

  /** One form of envelope. */
  private record Form(String name, String sender, String recipient) {}

  /** What a server said to one; a null recipient was not asked for. */
  private record Answered(Form form, Reply mail, @Nullable Reply recipient) {
    boolean taken() {
      return recipient != null && recipient.isPositive();
    }

    /** RFC 3463 3.8: x.7.1 is refusal by rule, also where it is said for now only. */
    boolean refused() {
      Reply last = recipient == null ? mail : recipient;
      EnhancedStatus status = last.status();
      return last.isPermanent() || status != null && status.toString().endsWith(".7.1");
    }
  }

  @Override
  public List<Finding> look(Visit visit) throws InterruptedException {
    visit.doing("relay test");
    Custody custody = Custody.of(own, visit.place(), resolver, chance);
    if (custody == Custody.HERE) {
      return tell(
          visit,
          Outcome.NOT_TESTED,
          "this server is responsible for " + own.domain() + ": name a mailbox in another domain");
    }
    if (custody == Custody.NOWHERE) {
      return tell(visit, Outcome.NOT_TESTED, own.domain() + " takes no mail: name another mailbox");
    }
    Scan scan = new Scan(visit, new Door(visit, dialer, clock, manners).hasty(), chance);
    Run run = new Run(scan, forms(here(visit)));
    String trouble = "";
    try {
      run.all();
    } catch (Shut e) {
      trouble = e.seen();
    }
    return List.of(verdict(visit, run, custody, trouble).with(Evidence.transcript(run.said)));
  }

  /** The domain that the server is responsible for, as far as we know it. */
  private static String here(Visit visit) {
    Domain hop = visit.nextHop();
    Place place = visit.place();
    if (hop != null) {
      return hop.name();
    }
    if (place.host() != null) {
      return place.host().name();
    }
    String address = place.address() == null ? "" : place.address().getHostAddress();
    // RFC 5321 4.1.3.
    return "[" + (address.contains(":") ? "IPv6:" : "") + address + "]";
  }

  private List<Form> forms(String here) {
    String to = own.toString();
    String inside = own.localPart() + "%" + own.domain() + "@" + here;
    return List.of(
        new Form("from a stranger", to, to),
        new Form("from nobody", "", to),
        new Form("from this domain", "postmaster@" + here, to),
        // RFC 5321 appendix C: a source route is to be ignored, and its mailbox judged as it is.
        new Form("by a source route", to, "@" + here + ":" + to),
        new Form("by a percent sign", to, inside));
  }

  /** One run of all forms over one address. */
  private final class Run {
    private final Scan scan;
    private final List<Form> forms;
    private final List<Answered> answers = new ArrayList<>();
    private boolean takesAnybody;
    private boolean takesNonsense;
    private String said = "";

    Run(Scan scan, List<Form> forms) {
      this.scan = scan;
      this.forms = forms;
    }

    void all() throws Shut, InterruptedException {
      try {
        talk();
      } catch (IOException e) {
        // Many hang up after some refusals: go on once where they did.
        try {
          talk();
        } catch (IOException again) {
          throw new Shut(Line.meaning(again), "the connection ends: " + again.getMessage());
        }
      }
    }

    private void talk() throws IOException, Shut, InterruptedException {
      Line line = Parley.open(scan);
      try (Deadline _ = Deadline.after(scan.visit().left(), line.wire())) {
        while (answers.size() < forms.size()) {
          Form form = forms.get(answers.size());
          answers.add(ask(line, form));
        }
        Form route = forms.get(ROUTE);
        if (answers.get(ROUTE).taken()
            && answers.subList(0, ROUTE).stream().noneMatch(Answered::taken)) {
          // A route to no mailbox at all is no address (RFC 5321 4.1.2): who takes it reads no
          // further than its own name, and does not say that it would go on to anybody.
          String recipient = route.recipient().substring(0, route.recipient().indexOf(':') + 1);
          takesNonsense = ask(line, new Form("to nowhere", route.sender(), recipient)).taken();
        }
        Form last = forms.getLast();
        if (answers.getLast().taken()) {
          // A local part with a percent sign may be one of its own, where it takes any.
          String nobody = "x" + HexFormat.of().formatHex(chance.bytes(STRANGE));
          String recipient = nobody + last.recipient().substring(last.recipient().indexOf('@'));
          takesAnybody = ask(line, new Form("to nobody", last.sender(), recipient)).taken();
        }
      } finally {
        said += line.transcript();
        line.quit();
      }
    }

    private Answered ask(Line line, Form form) throws IOException {
      Reply mail = line.exchange("MAIL FROM:<" + form.sender() + ">", manners.reply());
      Reply recipient =
          mail.isPositive()
              ? line.exchange("RCPT TO:<" + form.recipient() + ">", manners.reply())
              : null;
      Answered answered = new Answered(form, mail, recipient);
      line.exchange("RSET", manners.reply());
      return answered;
    }

    List<Answered> open() {
      return answers.stream()
          .filter(Answered::taken)
          .filter(a -> !(takesAnybody && a.form().equals(forms.getLast())))
          .filter(a -> !(takesNonsense && a.form().equals(forms.get(ROUTE))))
          .toList();
    }
  }

  private Finding verdict(Visit visit, Run run, Custody custody, String trouble) {
    List<Answered> open = run.open();
    if (!open.isEmpty()) {
      Answered first = open.getFirst();
      String seen =
          "mail "
              + String.join(", ", open.stream().map(a -> a.form().name()).toList())
              + " is taken: RCPT TO:<"
              + first.form().recipient()
              + "> after MAIL FROM:<"
              + first.form().sender()
              + "> is answered "
              + first.recipient();
      return custody == Custody.UNKNOWN
          ? of(
              visit,
              Outcome.INCONCLUSIVE,
              seen + "; whether the server is responsible for " + own.domain() + " is not known")
          : of(visit, Outcome.FAIL, seen).as("open");
    }
    if (run.answers.size() < run.forms.size()) {
      return of(
          visit,
          Outcome.INCONCLUSIVE,
          "after " + run.answers.size() + " of " + run.forms.size() + " forms: " + trouble);
    }
    List<Answered> judged =
        run.answers.stream().filter(a -> !a.taken()).filter(a -> a.recipient() != null).toList();
    for (Answered each : run.answers) {
      if (!each.taken() && !each.refused()) {
        Reply last = each.recipient() == null ? each.mail() : each.recipient();
        return of(
            visit,
            Outcome.INCONCLUSIVE,
            "mail " + each.form().name() + " is put off, not refused: " + last);
      }
    }
    if (judged.isEmpty()) {
      return of(
          visit,
          Outcome.INCONCLUSIVE,
          "no recipient could be asked for: MAIL is answered " + run.answers.getFirst().mail());
    }
    return of(
        visit,
        Outcome.PASS,
        run.answers.size()
            + " forms of mail to "
            + own.domain()
            + " are refused"
            + (run.takesAnybody ? ", but for a percent sign, where any name is taken" : "")
            + (run.takesNonsense ? ", but for a source route, where one to nowhere is taken" : "")
            + ": "
            + judged.getFirst().recipient());
  }

  private static Finding of(Visit visit, Outcome outcome, String seen) {
    return Finding.of(CHECK, outcome, visit.place(), seen);
  }

  private static List<Finding> tell(Visit visit, Outcome outcome, String seen) {
    return List.of(of(visit, outcome, seen));
  }
}
