package org.sealwax.router.policyd;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Mx;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.Reason;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.Subject;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.router.evidence.Gatherer;
import org.sealwax.router.evidence.HostAddresses;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.ledger.MxAnswer;
import org.sealwax.router.sts.StsPolicies;

/**
 * Answers for a next hop: MX, evidence about every host as the router gathers it, requirements, one
 * line. Thread-safe.
 */
public final class PolicyDesk {
  /** The table without attributes for reports, and the one with them. */
  static final String TABLE = "tls";

  static final String TABLE_TLSRPT = "tlsrpt";

  private static final HostAddresses.Families BOTH = new HostAddresses.Families(true, true);

  private final World world;

  /**
   * What the desk works with.
   *
   * @param resolver for MX
   * @param gatherer over rows, DANE, MTA-STS and ledger
   * @param policy the rules
   * @param policies of MTA-STS, for the attributes of reports
   * @param ledger is told of MX answers
   * @param caFiles of rows that name one
   * @param clock the time
   * @param chance shuffles hosts
   */
  public record World(
      Resolver resolver,
      Gatherer gatherer,
      Policy policy,
      StsPolicies policies,
      Ledger ledger,
      Map<String, Path> caFiles,
      Clock clock,
      Chance chance) {
    /** Copies. */
    public World {
      caFiles = Map.copyOf(caFiles);
    }
  }

  /** A desk. */
  public PolicyDesk(World world) {
    this.world = world;
  }

  /**
   * What is served for a key, and what the line leaves unsaid.
   *
   * @param line as on the wire
   * @param because evidence by host, one line each
   * @param notes what Postfix's words cannot say
   */
  public record Explained(String line, List<String> because, List<String> notes) {
    /** Copies. */
    public Explained {
      because = List.copyOf(because);
      notes = List.copyOf(notes);
    }
  }

  /** Answers for people. */
  public Explained explain(String key) throws InterruptedException {
    List<String> because = new ArrayList<>();
    Translation.Served served = served(TableKey.read(key), false, because);
    return new Explained(served.answer().text(), because, served.notes());
  }

  /** Answers a request: {@code NAME SPACE KEY}. */
  TableAnswer answer(String request) throws InterruptedException {
    int space = request.indexOf(' ');
    String table = space < 0 ? request : request.substring(0, space);
    boolean reports = table.equals(TABLE_TLSRPT);
    if (space < 0 || !(reports || table.equals(TABLE))) {
      return new TableAnswer.Permanent("the tables are " + TABLE + " and " + TABLE_TLSRPT);
    }
    TableKey key = TableKey.read(request.substring(space + 1));
    return served(key, reports, new ArrayList<>()).answer();
  }

  /**
   * The same with what Postfix reports about: which policy applied. In mode {@code testing} nothing
   * is demanded, so the level is the one that is served anyway, or {@code may}.
   */
  private TableAnswer withReports(Domain domain, TableAnswer answer) {
    Optional<StsMemory.Kept> kept =
        world.policies().inForce(domain).filter(k -> k.policy().mode() != StsPolicy.Mode.NONE);
    if (kept.isEmpty()) {
      return answer;
    }
    boolean testing = kept.get().policy().mode() == StsPolicy.Mode.TESTING;
    return switch (answer) {
      case TableAnswer.Found f -> isAbout(f, testing) ? longer(f, domain, kept.get()) : f;
      case TableAnswer.NotFound n ->
          testing ? longer(new TableAnswer.Found("may"), domain, kept.get()) : n;
      case TableAnswer.Temporary t -> t;
      case TableAnswer.TimedOut t -> t;
      case TableAnswer.Permanent p -> p;
    };
  }

  /**
   * Whether Postfix may be told of the policy with this line. It takes the attributes of a line
   * with names to match for a policy to enforce, so one in {@code testing} goes with no such line;
   * and at {@code none} it takes no attributes.
   */
  private static boolean isAbout(TableAnswer.Found found, boolean testing) {
    return testing
        ? Set.of("may", "encrypt", "dane").contains(found.word())
        : found.word().equals("secure");
  }

  private TableAnswer longer(TableAnswer.Found found, Domain domain, StsMemory.Kept kept) {
    TableAnswer.Found longer =
        new TableAnswer.Found(
            found.line() + TlsrptAttributes.of(domain, kept, world.clock().now()));
    return longer.octets().length <= TableAnswer.MAX_LENGTH ? longer : found;
  }

  private Translation.Served served(TableKey key, boolean reports, List<String> because)
      throws InterruptedException {
    return switch (key) {
      case TableKey.Parent p -> alone(new TableAnswer.NotFound());
      case TableKey.Foreign f -> alone(new TableAnswer.NotFound());
      case TableKey.NextHop hop -> served(hop, reports, because);
    };
  }

  private static Translation.Served alone(TableAnswer answer) {
    return new Translation.Served(answer, List.of());
  }

  private Translation.Served served(TableKey.NextHop hop, boolean reports, List<String> because)
      throws InterruptedException {
    if (hop.direct() || !(hop.host() instanceof Domain domain)) {
      return translated(List.of(Subject.fixed(hop.host(), hop.port())), because);
    }
    Answer<Mx> mx = world.resolver().mx(domain);
    return switch (MxSet.of(domain, mx, Set.of(), world.chance())) {
      // Postfix asks the same question and knows what to do about the answer.
      case MxSet.NullMx n -> alone(new TableAnswer.NotFound());
      case MxSet.NoSuchDomain n -> alone(new TableAnswer.NotFound());
      case MxSet.LoopsBack l -> alone(new TableAnswer.NotFound());
      case MxSet.Trouble t ->
          alone(new TableAnswer.Temporary("MX of " + domain + ": " + t.reason()));
      case MxSet.Hosts hosts -> {
        boolean secure = hosts.security() == Security.SECURE;
        tellLedger(domain, hosts, secure, mx);
        Translation.Served served =
            translated(
                hosts.targets().stream()
                    .map(t -> new Subject(domain, t.host(), secure, hop.port()))
                    .toList(),
                because);
        yield reports
            ? new Translation.Served(withReports(domain, served.answer()), served.notes())
            : served;
      }
    };
  }

  private void tellLedger(Domain domain, MxSet.Hosts hosts, boolean secure, Answer<Mx> mx) {
    world
        .ledger()
        .visit(
            domain,
            new MxAnswer(
                hosts.targets().stream().map(MxSet.Target::host).collect(Collectors.toSet()),
                secure,
                world.clock().now().plus(mx.ttl())),
            // A question is no mail.
            false);
  }

  private Translation.Served translated(List<Subject> subjects, List<String> because)
      throws InterruptedException {
    List<Translation.Terms> terms = new ArrayList<>();
    try (Scope scope = new Scope("policyd")) {
      List<Scope.Task<Requirement>> tasks = new ArrayList<>();
      for (Subject subject : subjects) {
        tasks.add(
            scope.fork(
                () ->
                    world
                        .policy()
                        .requirementFor(
                            subject, world.gatherer().gather(subject), world.clock().now())));
      }
      scope.join();
      for (int i = 0; i < tasks.size(); i++) {
        MailHost host = subjects.get(i).host();
        Requirement requirement = tasks.get(i).get();
        terms.add(new Translation.Terms(host, requirement, isFound(host, requirement)));
        requirement.because().forEach(b -> because.add(host + ": " + b));
      }
    }
    return Translation.of(terms, world.caFiles());
  }

  /**
   * Whether an address is known of a host, of which this matters only when DANE cannot be looked up
   * there: without one Postfix passes it over.
   */
  private boolean isFound(MailHost host, Requirement requirement) throws InterruptedException {
    boolean trouble =
        requirement
            .mxFilter()
            .refusal(host)
            .filter(r -> r.reason() == Reason.DANE_LOOKUP)
            .isPresent();
    if (!trouble || !(host instanceof Domain domain)) {
      return true;
    }
    HostAddresses addresses = HostAddresses.of(world.resolver(), domain, BOTH);
    return !addresses.ipv4().records().isEmpty() || !addresses.ipv6().records().isEmpty();
  }
}
