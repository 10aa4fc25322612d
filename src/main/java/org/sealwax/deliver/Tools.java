package org.sealwax.deliver;

import java.util.Map;
import org.sealwax.converse.Greeting;
import org.sealwax.dns.Resolver;
import org.sealwax.evidence.Gatherer;
import org.sealwax.log.MailLog;
import org.sealwax.policy.Policy;
import org.sealwax.tls.TlsClient;
import org.sealwax.tls.verdict.TrustRoots;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.Dialer;

/** What every round needs, made once. */
record Tools(
    DeliverSettings settings,
    Policy policy,
    Gatherer gatherer,
    Sources sources,
    Resolver resolver,
    Dialers dialers,
    Greeting greeting,
    Map<String, TrustRoots> roots,
    HostMemories memories,
    TriedHosts tried,
    Pool pool,
    Clock clock,
    Chance chance,
    MailLog log) {
  /** The same, with nobody learning from it. */
  Tools asking() {
    return new Tools(
        settings,
        policy,
        gatherer,
        sources.asking(),
        resolver,
        dialers,
        greeting,
        roots,
        memories,
        tried,
        pool,
        clock,
        chance,
        log);
  }

  /** The same under other times and without a pool of its own: for probes. */
  Tools with(DeliverSettings other, TlsClient tls) {
    return new Tools(
        other,
        policy,
        gatherer,
        sources.asking(),
        resolver,
        dialers,
        new Greeting(tls, other.times()),
        roots,
        memories,
        tried,
        pool,
        clock,
        chance,
        log);
  }

  Dialer dialer(boolean byMx) {
    return byMx ? dialers.byDns() : dialers.configured();
  }
}
