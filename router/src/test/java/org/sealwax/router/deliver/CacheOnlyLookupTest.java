package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.evidence.EvidenceSource;
import org.sealwax.router.queue.NextHop;

/** What is asked before its answer is needed. */
@Timeout(300)
final class CacheOnlyLookupTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private final FakeInternet net = new FakeInternet();
  private final List<String> queried = new CopyOnWriteArrayList<>();

  CacheOnlyLookupTest() {
    net.sources.add(
        new EvidenceSource() {
          @Override
          public List<Evidence> evidenceFor(PolicySubject subject) {
            queried.add("about " + subject.host());
            return List.of();
          }

          @Override
          public void prefetch(Domain nextHop) {
            queried.add("begin " + nextHop);
          }
        });
  }

  @AfterEach
  void closeAll() {
    net.close();
  }

  @Test
  void domainLookupsBeginBeforeTheMxHostsAreKnown() throws Exception {
    net.simple();
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertEquals(List.of("begin example.org", "about mx.example.org"), queried);
    queried.clear();
    // The same where the DNS names no host at all.
    net.dns.mx("empty.example", 0, ".");
    net.changed();
    net.agent().prefetch(new NextHop.ByMx(Domain.of("empty.example")));
    assertEquals(List.of("begin empty.example"), queried);
  }

  @Test
  void prefetchQueriesFirstHostsAndConnectsToNone() throws Exception {
    net.dns
        .mx("example.org", 10, "mx1.example.org")
        .mx("example.org", 20, "mx2.example.org")
        .mx("example.org", 30, "mx3.example.org");
    net.agent().prefetch(new NextHop.ByMx(DOMAIN));
    assertEquals(
        List.of("begin example.org", "about mx1.example.org", "about mx2.example.org"), queried);
    assertTrue(net.dialled().isEmpty());
    assertTrue(net.results.isEmpty());
    assertTrue(net.log.facts().isEmpty(), net.log.facts().toString());
  }

  @Test
  void aConfiguredNextHopIsNotLookedUpAhead() throws Exception {
    net.agent().prefetch(new NextHop.Fixed(Domain.of("smarthost.example"), 25, "smarthost"));
    assertTrue(queried.isEmpty());
  }
}
