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
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.sts.StsPolicyCache;

/**
 * Answers for a next hop: MX, evidence about every host as the router gathers it, requirements, one
 * line. Thread-safe.
 */
public final class TlsPolicyTable {
  /** The table without attributes for reports, and the one with them. */
  static final String TABLE = "tls";

  static final String TABLE_TLSRPT = "tlsrpt";

  private static final HostAddresses.Families BOTH = new HostAddresses.Families(true, true);

  private final Resolver resolver;
  private final EvidenceGatherer gatherer;
  private final Policy policy;
  private final StsPolicyCache policies;
  private final Ledger ledger;
  private final Map<String, Path> caFiles;
  private final Clock clock;
  private final RandomSource random;

  /**
   * A table with these sources.
   *
   * @param resolver for MX
   * @param gatherer over rows, DANE, MTA-STS and ledger
   * @param policy the rules
   * @param policies of MTA-STS, for the attributes of reports
   * @param ledger is notified of MX answers
   * @param caFiles of rows that name one
   * @param clock the time
   * @param random shuffles hosts
   */
  public TlsPolicyTable(
      Resolver resolver,
      EvidenceGatherer gatherer,
      Policy policy,
      StsPolicyCache policies,
      Ledger ledger,
      Map<String, Path> caFiles,
      Clock clock,
      RandomSource random) {
    this.resolver = resolver;
    this.gatherer = gatherer;
    this.policy = policy;
    this.policies = policies;
    this.ledger = ledger;
    this.caFiles = Map.copyOf(caFiles);
    this.clock = clock;
    this.random = random;
  }

  /**
   * The reply for a key, with the reasons that the reply does not contain.
   *
   * @param line as on the wire
   * @param because evidence by host, one line each
   * @param notes what the line cannot express
   */
  public record Explained(String line, List<String> because, List<String> notes) {
    /** Copies. */
    public Explained {
      because = List.copyOf(because);
      notes = List.copyOf(notes);
    }
  }

  /** The reply for a key, explained for an admin. */
  public Explained explain(String key) throws InterruptedException {
    List<String> because = new ArrayList<>();
    PolicyMapTranslation.Served served = served(PolicyMapKey.read(key), false, because);
    return new Explained(served.answer().text(), because, served.notes());
  }

  /** Answers a request: {@code NAME SPACE KEY}. */
  SocketmapReply answer(String request) throws InterruptedException {
    int space = request.indexOf(' ');
    String table = space < 0 ? request : request.substring(0, space);
    boolean reports = table.equals(TABLE_TLSRPT);
    if (space < 0 || !(reports || table.equals(TABLE))) {
      return new SocketmapReply.Permanent("the tables are " + TABLE + " and " + TABLE_TLSRPT);
    }
    PolicyMapKey key = PolicyMapKey.read(request.substring(space + 1));
    return served(key, reports, new ArrayList<>()).answer();
  }

  /**
   * The same with what Postfix reports about: which policy applied. In mode {@code testing} nothing
   * is demanded, so the level is the one that is served anyway, or {@code may}.
   */
  private SocketmapReply withReports(Domain domain, SocketmapReply answer) {
    Optional<StsMemory.FetchedPolicy> kept =
        policies.inForce(domain).filter(k -> k.policy().mode() != StsPolicy.Mode.NONE);
    if (kept.isEmpty()) {
      return answer;
    }
    boolean testing = kept.get().policy().mode() == StsPolicy.Mode.TESTING;
    return switch (answer) {
      case SocketmapReply.Found f -> isAbout(f, testing) ? longer(f, domain, kept.get()) : f;
      case SocketmapReply.NotFound n ->
          testing ? longer(new SocketmapReply.Found("may"), domain, kept.get()) : n;
      case SocketmapReply.Temporary t -> t;
      case SocketmapReply.TimedOut t -> t;
      case SocketmapReply.Permanent p -> p;
    };
  }

  /**
   * Whether this line may carry the attributes of the policy. With names to match, Postfix takes
   * the policy for one in {@code enforce}, so a policy in {@code testing} must not go with such a
   * line; at {@code none} Postfix accepts no attributes.
   */
  private static boolean isAbout(SocketmapReply.Found found, boolean testing) {
    return testing
        ? Set.of("may", "encrypt", "dane").contains(found.word())
        : found.word().equals("secure");
  }

  private SocketmapReply longer(
      SocketmapReply.Found found, Domain domain, StsMemory.FetchedPolicy fetched) {
    SocketmapReply.Found longer =
        new SocketmapReply.Found(found.line() + TlsrptAttributes.of(domain, fetched, clock.now()));
    return longer.bytes().length <= SocketmapReply.MAX_LENGTH ? longer : found;
  }

  private PolicyMapTranslation.Served served(
      PolicyMapKey key, boolean reports, List<String> because) throws InterruptedException {
    return switch (key) {
      case PolicyMapKey.Parent p -> withoutNotes(new SocketmapReply.NotFound());
      case PolicyMapKey.Foreign f -> withoutNotes(new SocketmapReply.NotFound());
      case PolicyMapKey.NextHopKey hop -> served(hop, reports, because);
    };
  }

  private static PolicyMapTranslation.Served withoutNotes(SocketmapReply answer) {
    return new PolicyMapTranslation.Served(answer, List.of());
  }

  private PolicyMapTranslation.Served served(
      PolicyMapKey.NextHopKey hop, boolean reports, List<String> because)
      throws InterruptedException {
    if (hop.direct() || !(hop.host() instanceof Domain domain)) {
      return translated(List.of(PolicySubject.fixed(hop.host(), hop.port())), because);
    }
    DnsAnswer<MxRecord> mx = resolver.mx(domain);
    return switch (MxSet.of(domain, mx, Set.of(), random)) {
      // Postfix asks the same question and knows what to do about the answer.
      case MxSet.NullMx n -> withoutNotes(new SocketmapReply.NotFound());
      case MxSet.NoSuchDomain n -> withoutNotes(new SocketmapReply.NotFound());
      case MxSet.LoopsBack l -> withoutNotes(new SocketmapReply.NotFound());
      case MxSet.MxLookupFailed t ->
          withoutNotes(new SocketmapReply.Temporary("MX of " + domain + ": " + t.reason()));
      case MxSet.Hosts hosts -> {
        boolean secure = hosts.security() == DnssecStatus.SECURE;
        recordMx(domain, hosts, secure, mx);
        PolicyMapTranslation.Served served =
            translated(
                hosts.targets().stream()
                    .map(t -> new PolicySubject(domain, t.host(), secure, hop.port()))
                    .toList(),
                because);
        yield reports
            ? new PolicyMapTranslation.Served(withReports(domain, served.answer()), served.notes())
            : served;
      }
    };
  }

  private void recordMx(Domain domain, MxSet.Hosts hosts, boolean secure, DnsAnswer<MxRecord> mx) {
    ledger.beginRound(
        domain,
        new RoundMx(
            hosts.targets().stream().map(MxSet.MxHost::host).collect(Collectors.toSet()),
            secure,
            clock.now().plus(mx.ttl())),
        // A look-up is not a delivery.
        SampleOrigin.OTHER);
  }

  private PolicyMapTranslation.Served translated(List<PolicySubject> subjects, List<String> because)
      throws InterruptedException {
    List<PolicyMapTranslation.TranslatedHost> hosts = new ArrayList<>();
    try (Scope scope = new Scope("policyd")) {
      List<Scope.ForkedTask<Requirement>> tasks = new ArrayList<>();
      for (PolicySubject subject : subjects) {
        tasks.add(
            scope.fork(
                () -> policy.requirementFor(subject, gatherer.gather(subject), clock.now())));
      }
      scope.join();
      for (int i = 0; i < tasks.size(); i++) {
        MailHost host = subjects.get(i).host();
        Requirement requirement = tasks.get(i).get();
        hosts.add(
            new PolicyMapTranslation.TranslatedHost(host, requirement, isFound(host, requirement)));
        requirement.because().forEach(b -> because.add(host + ": " + b));
      }
    }
    return PolicyMapTranslation.of(hosts, caFiles);
  }

  /**
   * Whether an address is known of a host, of which this matters only when DANE cannot be looked up
   * there: without one Postfix passes it over.
   */
  private boolean isFound(MailHost host, Requirement requirement) throws InterruptedException {
    boolean failed =
        requirement
            .mxFilter()
            .refusal(host)
            .filter(r -> r.reason() == DeferReason.DANE_LOOKUP)
            .isPresent();
    if (!failed || !(host instanceof Domain domain)) {
      return true;
    }
    HostAddresses addresses = HostAddresses.of(resolver, domain, BOTH);
    return !addresses.ipv4().records().isEmpty() || !addresses.ipv6().records().isEmpty();
  }
}
