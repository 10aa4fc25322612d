package org.sealwax.mail.client;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.sts.StsLookup;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.mail.sts.StsStep;
import org.sealwax.mail.sts.fetch.PolicyFetch;
import org.sealwax.mail.sts.fetch.PolicyFetcher;

/**
 * Looks up MTA-STS for one domain (RFC 8461): asks for the record, fetches the policy, and keeps
 * both in memory for later questions. Thread-safe; two threads that ask about one new domain at the
 * same time may both fetch its policy.
 *
 * <p>A policy protects against an attacker only while it is remembered (RFC 8461 10.2). A program
 * that runs for a short time sees every domain for the first time.
 */
public final class StsPolicyLookup {
  /** Domains remembered, about 1 KiB each; the least recently used one is removed. */
  public static final int MAX_DOMAINS = 1_000;

  private final Resolver resolver;
  private final PolicyFetcher fetcher;
  private final FirstContactWait wait;
  private final Clock clock;
  private final RandomSource random;
  private final Map<Domain, StsMemory> memories = BoundedMap.byUse(MAX_DOMAINS);

  /**
   * Creates a lookup that remembers nothing yet.
   *
   * @param resolver for the record {@code _mta-sts}
   * @param fetcher for policies
   * @param wait how long mail waits at first contact for a policy that cannot be fetched
   * @param clock for the age of policies
   * @param random spreads the times at which policies are fetched again
   */
  public StsPolicyLookup(
      Resolver resolver,
      PolicyFetcher fetcher,
      FirstContactWait wait,
      Clock clock,
      RandomSource random) {
    this.resolver = resolver;
    this.fetcher = fetcher;
    this.wait = wait;
    this.clock = clock;
    this.random = random;
  }

  /**
   * Looks up the evidence for one policy domain. Blocks on the DNS and, where a policy must be
   * fetched, on its host, for as long as the limits of both allow.
   *
   * @param domain the policy domain: the next hop (RFC 8461 3.4)
   * @return what is known; a lookup or fetch that failed is never {@code Absent} at first contact
   * @throws InterruptedException when the thread is interrupted during a fetch
   */
  public Evidence.Sts evidenceFor(Domain domain) throws InterruptedException {
    Optional<Domain> name = StsRecord.nameFor(domain);
    StsLookup announcement =
        name.isPresent()
            ? StsLookup.of(resolver.txt(name.get()))
            : new StsLookup.RecordAnswer(new StsRecord.None());
    Instant now = clock.now();
    StsStep step = StsStep.decide(remembered(domain), announcement, wait, now);
    if (step.next() instanceof StsStep.StsAction.FetchPolicy fetch) {
      step = afterFetch(fetch.id(), step.memory(), fetcher.fetch(domain));
    }
    remember(domain, step.memory());
    return switch (step.next()) {
      case StsStep.StsAction.StateHolds holds ->
          new Evidence.Sts(domain, holds.state(), holds.expires());
      case StsStep.StsAction.FetchPolicy again -> {
        Instant until = now.plus(StsStep.LEAST_GAP);
        yield new Evidence.Sts(
            domain, new Evidence.StsState.Pending("its policy could not be fetched", until), until);
      }
    };
  }

  private StsStep afterFetch(String id, StsMemory memory, PolicyFetch fetch) {
    Instant now = clock.now();
    if (fetch.outcome() instanceof PolicyFetch.FetchOutcome.Obtained obtained) {
      return StsStep.fetched(id, obtained.policy(), now, random.fraction());
    }
    String why = fetch.outcome().text();
    return fetch.isInvalid()
        ? StsStep.invalid(memory, why, wait, now)
        : StsStep.failed(memory, why, wait, now);
  }

  private StsMemory remembered(Domain domain) {
    synchronized (memories) {
      return memories.getOrDefault(domain, StsMemory.EMPTY);
    }
  }

  private void remember(Domain domain, StsMemory memory) {
    synchronized (memories) {
      memories.put(domain, memory);
    }
  }
}
