package org.sealwax.router.deliver;

import java.util.Map;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.smtp.session.Greeting;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.log.MailLog;

/** The collaborators of every round, created once. */
record RoundEnvironment(
    DeliverySettings settings,
    Policy policy,
    EvidenceGatherer gatherer,
    DeliveryKnowledge sources,
    Resolver resolver,
    Dialers dialers,
    Greeting greeting,
    Map<String, TrustRoots> roots,
    HostMemoryCache memories,
    TriedHosts tried,
    ConnectionPool pool,
    Clock clock,
    RandomSource random,
    MailLog log) {
  /** The same, with nobody learning from it. */
  RoundEnvironment withoutLedgerUpdates() {
    return new RoundEnvironment(
        settings,
        policy,
        gatherer,
        sources.withoutLedgerUpdates(),
        resolver,
        dialers,
        greeting,
        roots,
        memories,
        tried,
        pool,
        clock,
        random,
        log);
  }

  /** The same under other times and without a pool of its own: for probes. */
  RoundEnvironment with(DeliverySettings other, TlsClient tls) {
    return new RoundEnvironment(
        other,
        policy,
        gatherer,
        sources.withoutLedgerUpdates(),
        resolver,
        dialers,
        new Greeting(tls, other.times()),
        roots,
        memories,
        tried,
        pool,
        clock,
        random,
        log);
  }

  Dialer dialer(boolean byMx) {
    return byMx ? dialers.byDns() : dialers.configured();
  }
}
