package org.sealwax.router.deliver;

import java.util.Map;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.smtp.session.Greeting;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.router.evidence.Gatherer;
import org.sealwax.router.log.MailLog;

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
