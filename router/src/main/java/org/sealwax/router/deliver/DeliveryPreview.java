package org.sealwax.router.deliver;

import java.net.InetSocketAddress;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;

/**
 * The requirement that a round would have, for {@code sealwax explain}.
 *
 * @param nextHop as the queue names it
 * @param hosts in the order in which they would be tried
 * @param end why there are no hosts, or null
 */
public record DeliveryPreview(String nextHop, List<HostPreview> hosts, @Nullable String end) {
  /** Copies. */
  public DeliveryPreview {
    hosts = List.copyOf(hosts);
  }

  /**
   * One host.
   *
   * @param subject next hop, host, port, and whether DNSSEC vouches for the step between
   * @param evidence from every source
   * @param requirement what it adds up to
   * @param refusal why the host must not be used at all, or null
   * @param steps of the ladder in the order in which they would be tried
   * @param memory what the host has shown lately
   * @param probe what one connection showed; null when none was made
   */
  public record HostPreview(
      PolicySubject subject,
      List<Evidence> evidence,
      Requirement requirement,
      @Nullable String refusal,
      List<FallbackStep> steps,
      HostMemory memory,
      @Nullable ConnectionPreview probe) {
    /** Copies. */
    public HostPreview {
      evidence = List.copyOf(evidence);
      steps = List.copyOf(steps);
    }

    static HostPreview of(
        HostRequirement requirement,
        @Nullable String refusal,
        FallbackLadder ladder,
        HostMemory memory,
        Attempt.@Nullable ProbeResult probeResult,
        boolean probed) {
      ConnectionPreview probe =
          probeResult != null
              ? ConnectionPreview.of(probeResult)
              : probed ? ConnectionPreview.nowhere() : null;
      return new HostPreview(
          requirement.subject(),
          requirement.evidence(),
          requirement.requirement(),
          refusal,
          steps(ladder, requirement.requirement(), memory),
          memory,
          probe);
    }

    private static List<FallbackStep> steps(
        FallbackLadder ladder, Requirement requirement, HostMemory memory) {
      FallbackStep first = ladder.first(requirement, memory);
      List<FallbackStep> out = new ArrayList<>();
      out.add(first);
      for (FallbackStep step : ladder.steps()) {
        if (FallbackLadder.fits(requirement, step) && step.isBelow(first)) {
          out.add(step);
        }
      }
      return out;
    }
  }

  /**
   * The result of one connection.
   *
   * @param address where it went, or null when the host has none
   * @param observation in words
   * @param outcome what a first round would have done after it, in words
   * @param capabilities keywords the host offered last
   */
  public record ConnectionPreview(
      @Nullable InetSocketAddress address,
      String observation,
      String outcome,
      Set<String> capabilities) {
    /** Sorts. */
    public ConnectionPreview {
      capabilities = java.util.Collections.unmodifiableSet(new TreeSet<>(capabilities));
    }

    private static ConnectionPreview nowhere() {
      return new ConnectionPreview(null, "the host has no address", "the next host", Set.of());
    }

    private static ConnectionPreview of(Attempt.ProbeResult probed) {
      return new ConnectionPreview(
          probed.address(),
          describe(probed.observation()),
          describe(probed.decision()),
          probed.capabilities());
    }

    static String describe(Observation observation) {
      return switch (observation) {
        case Observation.Unreachable u -> "no connection: " + u.why();
        case Observation.RefusedByReply u -> "rejected at " + u.stage() + ": " + u.reply();
        case Observation.ConnectionLost b -> "connection lost at " + b.stage() + ": " + b.why();
        case Observation.Unencrypted c ->
            c.starttlsOffered() ? "plaintext, with STARTTLS offered" : "plaintext, no STARTTLS";
        case Observation.StarttlsRefused r -> "STARTTLS rejected: " + r.reply();
        case Observation.Injected i -> "plaintext after the reply to STARTTLS";
        case Observation.HandshakeFailed b -> "the TLS handshake failed: " + b.why();
        case Observation.Encrypted e ->
            e.handshake().version().label()
                + " "
                + e.handshake().suite()
                + (e.handshake().group() == null ? "" : " " + e.handshake().group())
                + ", certificate "
                + e.handshake().verdict().text();
      };
    }

    private static String describe(Decision decision) {
      return switch (decision) {
        case Decision.Proceed p -> p.downgrade() ? "delivered, marked as a downgrade" : "delivered";
        case Decision.FallBack d -> "retried with fallback step " + d.to().text();
        case Decision.NextHost n -> "the next host (" + n.reason().word() + "): " + n.text();
        case Decision.GoPlaintext c -> "retried in plaintext";
        case Decision.WaitForHold w ->
            "waits until " + w.until().truncatedTo(ChronoUnit.SECONDS) + ": " + w.text();
        case Decision.Defer d -> "deferred (" + d.reason().word() + "): " + d.text();
      };
    }
  }
}
