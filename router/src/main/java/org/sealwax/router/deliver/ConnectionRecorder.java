package org.sealwax.router.deliver;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.tlsrpt.SessionDiagnosis;
import org.sealwax.router.ledger.HostSample;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.log.TlsLogFields;

/** Records the connections of one attempt, whatever becomes of them. One thread owns it. */
final class ConnectionRecorder {
  private final DeliveryRound round;
  private final HostRequirement host;
  private final RoutePlan.PlannedHosts plan;

  ConnectionRecorder(DeliveryRound round, HostRequirement host, RoutePlan.PlannedHosts plan) {
    this.round = round;
    this.host = host;
    this.plan = plan;
  }

  /**
   * Records what a connection showed: in the ledger, and for the TLS report of the domain.
   *
   * @param ownAddress where the connection came from; empty when there was none
   */
  void sample(
      InetSocketAddress address, Observation observation, FallbackStep step, String ownAddress) {
    PolicySubject subject = host.subject();
    if (subject.host() instanceof Domain name) {
      boolean publicRoots = round.connector().usesPublicRoots(host, plan);
      boolean proven = Policy.isProvenByDane(host.evidence(), observation);
      round
          .ledger()
          .observed(
              new HostSample(name, address.getAddress(), observation, step, publicRoots, proven));
    }
    if (isReported() && subject.nextHop() instanceof Domain domain) {
      round
          .recorder()
          .sessions()
          .session(
              domain,
              SessionDiagnosis.of(
                  host.evidence(),
                  subject,
                  observation,
                  new SessionDiagnosis.SessionEndpoints(
                      ownAddress, address.getAddress().getHostAddress())));
    }
  }

  /** Records for the TLS report of the domain that the host may not be used. */
  void refused() {
    if (isReported() && host.subject().nextHop() instanceof Domain domain) {
      round
          .recorder()
          .sessions()
          .session(
              domain, SessionDiagnosis.refused(host.evidence(), host.subject(), host.lacksDane()));
    }
  }

  private boolean isReported() {
    return round.purpose().isReported() && plan.byMx();
  }

  /** Logs what is demanded of the host, where that is not from the configuration alone. */
  void demanded() {
    if (host.hasEvidenceBeyondConfiguration()) {
      log()
          .demanded(
              id(),
              host.subject().host().toString(),
              host.requirement().statedLevel().word(),
              host.evidence().stream()
                  .filter(HostRequirement::isLogged)
                  .map(Evidence::origin)
                  .toList());
    }
  }

  private MailLog log() {
    return round.recorder().log();
  }

  private String id() {
    return round.purpose().id();
  }

  /** Logs the TLS facts of a connection, and what follows from them. */
  void log(
      Observation observation,
      Decision decision,
      InetSocketAddress address,
      @Nullable FallbackStep proven) {
    String name = host.hostName();
    switch (observation) {
      case Observation.Encrypted e ->
          log().tlsToHost(id(), name, address, TlsLogFields.of(e.handshake()));
      case Observation.HandshakeFailed b ->
          log().tlsToHostFailed(id(), name, address, b.kind().name(), b.why(), next(decision));
      case Observation.StarttlsRefused r ->
          log()
              .tlsToHostFailed(
                  id(), name, address, "REFUSED", r.reply().toString(), next(decision));
      case Observation.Injected i ->
          log()
              .tlsToHostFailed(
                  id(), name, address, "INJECTED", "clear text after 220", next(decision));
      case Observation.Unencrypted c -> {
        if (proven != null && !c.starttlsOffered()) {
          log()
              .tlsToHostFailed(
                  id(), name, address, "NOT_OFFERED", "TLS was here before", next(decision));
        }
      }
      case Observation.Unreachable u -> {}
      case Observation.RefusedByReply u -> {}
      case Observation.ConnectionLost b -> {}
    }
  }

  private static String next(Decision decision) {
    return switch (decision) {
      case Decision.Proceed p -> "proceed in clear text";
      case Decision.FallBack d -> "rung " + d.to().word();
      case Decision.NextHost n -> "next host";
      case Decision.GoPlaintext c -> "clear text";
      case Decision.WaitForHold w -> "wait until " + w.until();
      case Decision.Defer d -> "defer";
    };
  }
}
