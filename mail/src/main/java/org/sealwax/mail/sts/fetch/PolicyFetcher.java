package org.sealwax.mail.sts.fetch;

import java.time.Duration;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.http.HttpsExchange;
import org.sealwax.mail.http.HttpsFailure;
import org.sealwax.mail.http.HttpsRequest;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * Fetches policies from their hosts (RFC 8461 3.3): {@code https://mta-sts.DOMAIN}, WebPKI, DNS-ID,
 * no redirects, no cache, one total time. Thread-safe; keeps nothing.
 */
public final class PolicyFetcher {
  /** Where the file is (RFC 8461 3.2). */
  public static final String PATH = "/.well-known/mta-sts.txt";

  private final HttpsClient client;
  private final int port;
  private final Duration total;

  /**
   * A fetcher.
   *
   * @param client whose roots are the public ones
   * @param port 443 but in tests
   * @param total for one fetch
   */
  public PolicyFetcher(HttpsClient client, int port, Duration total) {
    this.client = client;
    this.port = port;
    this.total = total;
  }

  /**
   * Fetches for a sender: no request is sent to a host whose certificate is not valid. The text is
   * read as leniently as is safe.
   *
   * @param policyDomain the domain whose policy is fetched
   * @return the outcome with everything that was seen
   * @throws InterruptedException when the thread is interrupted
   */
  public PolicyFetch fetch(Domain policyDomain) throws InterruptedException {
    return fetch(policyDomain, HttpsRequest.CertificateUse.DEMANDED);
  }

  /**
   * Fetches for an assessment: continues in spite of a bad certificate, and parses strictly.
   *
   * @param policyDomain the domain whose policy is fetched
   * @return the outcome with everything that was seen
   * @throws InterruptedException when the thread is interrupted
   */
  public PolicyFetch examine(Domain policyDomain) throws InterruptedException {
    return fetch(policyDomain, HttpsRequest.CertificateUse.JUDGED);
  }

  private PolicyFetch fetch(Domain policyDomain, HttpsRequest.CertificateUse certificate)
      throws InterruptedException {
    Optional<Domain> host = StsRecord.hostFor(policyDomain);
    if (host.isEmpty()) {
      return new PolicyFetch(
          new PolicyFetch.FetchOutcome.PolicyHostUnreachable(
              "the name is too long for a policy host"),
          null);
    }
    HttpsExchange exchange =
        client.exchange(
            new HttpsRequest(
                host.get(),
                port,
                PATH,
                Optional.empty(),
                certificate,
                new HttpsRequest.Limits(StsPolicy.MAX_SIZE, total)));
    HttpsFailure failure = exchange.failure();
    HttpResponse reply = exchange.reply();
    if (failure != null && failure.kind() == HttpsFailure.Kind.TOO_LARGE) {
      // The head came by verified HTTPS: this is what is served, and a later fetch brings the same.
      return new PolicyFetch(
          new PolicyFetch.FetchOutcome.InvalidPolicyFile(StsPolicy.OVERSIZED), exchange);
    }
    if (reply == null) {
      String text = failure == null ? "no answer" : failure.text();
      return new PolicyFetch(new PolicyFetch.FetchOutcome.PolicyHostUnreachable(text), exchange);
    }
    PolicyFetch.FetchOutcome outcome =
        PolicyFetch.meaning(reply, certificate == HttpsRequest.CertificateUse.JUDGED);
    Handshake handshake = exchange.handshake();
    boolean proven =
        handshake != null
            && handshake.verdict() instanceof Verdict.Verified v
            && v.by() == Verdict.IdentifiedBy.NAME;
    if (outcome instanceof PolicyFetch.FetchOutcome.Obtained obtained && !proven) {
      String why = handshake == null ? "no certificate" : handshake.verdict().text();
      outcome =
          new PolicyFetch.FetchOutcome.UnverifiedPolicy(obtained.policy(), "certificate " + why);
    }
    return new PolicyFetch(outcome, exchange);
  }
}
