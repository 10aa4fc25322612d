package org.sealwax.policyd;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.address.Domain;
import org.sealwax.address.MailHost;
import org.sealwax.dns.Answer;
import org.sealwax.dns.Mx;
import org.sealwax.dns.MxSet;
import org.sealwax.dns.Resolver;
import org.sealwax.dns.Security;
import org.sealwax.evidence.Gatherer;
import org.sealwax.ledger.Ledger;
import org.sealwax.ledger.MxAnswer;
import org.sealwax.policy.Policy;
import org.sealwax.policy.Requirement;
import org.sealwax.policy.Subject;
import org.sealwax.sts.StsMemory;
import org.sealwax.sts.StsPolicy;
import org.sealwax.sts.store.StsPolicies;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.Scope;

/**
 * Answers for a next hop: MX, evidence about every host as the router gathers it, requirements, one
 * line. Thread-safe.
 */
public final class PolicyDesk {
  /** The table without attributes for reports, and the one with them. */
  static final String TABLE = "tls";

  static final String TABLE_TLSRPT = "tlsrpt";

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
    Translation.Served served = served(TableKey.read(key), because);
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
    TableAnswer answer = served(key, new ArrayList<>()).answer();
    return reports ? withReports(key, answer) : answer;
  }

  private TableAnswer withReports(TableKey key, TableAnswer answer) {
    if (!(key instanceof TableKey.NextHop hop) || !(hop.host() instanceof Domain domain)) {
      return answer;
    }
    Optional<StsMemory.Kept> kept =
        world.policies().inForce(domain).filter(k -> k.policy().mode() != StsPolicy.Mode.NONE);
    if (kept.isEmpty()) {
      return answer;
    }
    String attributes = TlsrptAttributes.of(domain, kept.get(), world.clock().now());
    return switch (answer) {
      case TableAnswer.Found f -> {
        boolean sts =
            f.line().startsWith("secure ")
                || (f.line().equals("may") && kept.get().policy().mode() == StsPolicy.Mode.TESTING);
        TableAnswer.Found longer = new TableAnswer.Found(f.line() + attributes);
        yield sts && longer.octets().length <= TableAnswer.MAX_LENGTH ? longer : f;
      }
      case TableAnswer.NotFound n -> n;
      case TableAnswer.Temporary t -> t;
      case TableAnswer.TimedOut t -> t;
      case TableAnswer.Permanent p -> p;
    };
  }

  private Translation.Served served(TableKey key, List<String> because)
      throws InterruptedException {
    return switch (key) {
      case TableKey.Parent p -> alone(new TableAnswer.NotFound());
      case TableKey.Foreign f -> alone(new TableAnswer.NotFound());
      case TableKey.NextHop hop -> served(hop, because);
    };
  }

  private static Translation.Served alone(TableAnswer answer) {
    return new Translation.Served(answer, List.of());
  }

  private Translation.Served served(TableKey.NextHop hop, List<String> because)
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
        yield translated(
            hosts.targets().stream()
                .map(t -> new Subject(domain, t.host(), secure, hop.port()))
                .toList(),
            because);
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
        terms.add(new Translation.Terms(host, requirement));
        requirement.because().forEach(b -> because.add(host + ": " + b));
      }
    }
    return Translation.of(terms, world.caFiles());
  }
}
