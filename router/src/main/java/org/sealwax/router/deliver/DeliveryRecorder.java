package org.sealwax.router.deliver;

import java.net.InetSocketAddress;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.tlsrpt.SessionResult;
import org.sealwax.mail.tlsrpt.TlsSessionListener;
import org.sealwax.router.ledger.HostMemories;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.log.TlsLogFields;
import org.sealwax.router.receipts.Receipts;

/**
 * The records that deliveries leave: log, ledger, memory of hosts, TLS reports (RFC 8460) and
 * receipts. The same for every delivery agent of a process.
 *
 * @param log for TLS facts and bugs; outcomes are logged by the queue
 * @param ledger gets every connection
 * @param memories what hosts have shown; outlives a configuration
 * @param receipts given for every delivered recipient
 * @param sessions gets what every connection shows of the policies that applied
 */
public record DeliveryRecorder(
    MailLog log,
    Ledger ledger,
    HostMemories memories,
    Receipts receipts,
    TlsSessionListener sessions) {
  /** Log and memory of hosts only. */
  public static DeliveryRecorder withoutRecords(MailLog log, HostMemories memories) {
    return new DeliveryRecorder(
        log, Ledger.empty(), memories, Receipts.none(), TlsSessionListener.NONE);
  }

  /** The same for probes and previews, which are not recorded but in the log. */
  DeliveryRecorder withoutLedgerUpdates() {
    return withoutRecords(log, memories);
  }

  /** What a session showed, for the TLS report of the domain. */
  void session(PolicySubject subject, List<SessionResult> results) {
    if (subject.nextHop() instanceof Domain domain) {
      sessions.session(domain, results);
    }
  }

  /** Logs what is demanded of a host, where that is not from the configuration alone. */
  void demanded(RoundPurpose purpose, HostRequirement host) {
    if (host.hasEvidenceBeyondConfiguration()) {
      log.demanded(
          purpose.id(),
          host.subject().host().toString(),
          host.requirement().statedLevel().word(),
          host.evidence().stream()
              .filter(HostRequirement::isLogged)
              .map(Evidence::origin)
              .toList());
    }
  }

  /** Logs the TLS facts of a connection, and what follows from them. */
  void tls(
      RoundPurpose purpose,
      HostRequirement host,
      Observation observation,
      Decision decision,
      InetSocketAddress address,
      @Nullable FallbackStep proven) {
    String name = host.hostName();
    String kind;
    String why;
    switch (observation) {
      case Observation.Encrypted e -> {
        log.tlsToHost(purpose.id(), name, address, TlsLogFields.of(e.handshake()));
        return;
      }
      case Observation.HandshakeFailed b -> {
        kind = b.kind().name();
        why = b.why();
      }
      case Observation.StarttlsRefused r -> {
        kind = "REFUSED";
        why = r.reply().toString();
      }
      case Observation.Injected i -> {
        kind = "INJECTED";
        why = "plaintext after 220";
      }
      case Observation.Unencrypted c -> {
        if (proven == null || c.starttlsOffered()) {
          return;
        }
        kind = "NOT_OFFERED";
        why = "TLS was offered before";
      }
      case Observation.Unreachable u -> {
        return;
      }
      case Observation.RefusedByReply u -> {
        return;
      }
      case Observation.ConnectionLost b -> {
        return;
      }
    }
    log.tlsToHostFailed(purpose.id(), name, address, kind, why, nextStep(decision));
  }

  private static String nextStep(Decision decision) {
    return switch (decision) {
      case Decision.Proceed p -> "proceed in plaintext";
      case Decision.FallBack d -> "fallback step " + d.to().word();
      case Decision.NextHost n -> "next host";
      case Decision.GoPlaintext c -> "plaintext";
      case Decision.WaitForHold w -> "wait until " + w.until().truncatedTo(ChronoUnit.SECONDS);
      case Decision.Defer d -> "defer";
    };
  }
}
