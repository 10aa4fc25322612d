package org.sealwax.router.deliver;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.tlsrpt.SessionDiagnosis;
import org.sealwax.router.ledger.HostSample;
import org.sealwax.router.ledger.LedgerRound;

/** Records the connections of one attempt, whatever becomes of them. One thread owns it. */
final class ConnectionRecorder {
  private final DeliveryRecorder recorder;
  private final HostConnector connector;
  private final RoundWork work;
  private final HostRequirement host;
  private final LedgerRound round;
  private final RoutePlan.PlannedHosts plan;

  ConnectionRecorder(
      DeliveryRecorder recorder,
      HostConnector connector,
      RoundWork work,
      HostRequirement host,
      LedgerRound round,
      RoutePlan.PlannedHosts plan) {
    this.recorder = recorder;
    this.connector = connector;
    this.work = work;
    this.host = host;
    this.round = round;
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
      boolean publicRoots = connector.usesPublicRoots(host, plan);
      boolean proven = Policy.isProvenByDane(host.evidence(), observation);
      round.observed(
          new HostSample(name, address.getAddress(), observation, step, publicRoots, proven));
    }
    if (work.isReported() && plan.byMx() && subject.nextHop() instanceof Domain domain) {
      recorder
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

  /** Logs the TLS facts of a connection, and what follows from them. */
  void log(
      Observation observation,
      Decision decision,
      InetSocketAddress address,
      @Nullable FallbackStep proven) {
    String name = host.hostName();
    switch (observation) {
      case Observation.Encrypted e ->
          recorder.log().tlsToHost(work.id(), name, address, TlsLogText.facts(e.handshake()));
      case Observation.HandshakeFailed b ->
          recorder
              .log()
              .tlsToHostFailed(work.id(), name, address, b.kind().name(), b.why(), next(decision));
      case Observation.StarttlsRefused r ->
          recorder
              .log()
              .tlsToHostFailed(
                  work.id(), name, address, "REFUSED", r.reply().toString(), next(decision));
      case Observation.Injected i ->
          recorder
              .log()
              .tlsToHostFailed(
                  work.id(), name, address, "INJECTED", "clear text after 220", next(decision));
      case Observation.Unencrypted c -> {
        if (proven != null && !c.starttlsOffered()) {
          recorder
              .log()
              .tlsToHostFailed(
                  work.id(), name, address, "NOT_OFFERED", "TLS was here before", next(decision));
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
