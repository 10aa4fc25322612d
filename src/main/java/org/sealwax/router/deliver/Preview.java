package org.sealwax.router.deliver;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Ladder;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.Rung;
import org.sealwax.mail.policy.Subject;

/**
 * What a round would demand, for {@code sealwax explain}.
 *
 * @param nextHop as the queue names it
 * @param hosts in the order in which they would be tried
 * @param end why there are no hosts, or null
 */
public record Preview(String nextHop, List<Host> hosts, @Nullable String end) {
  /** Copies. */
  public Preview {
    hosts = List.copyOf(hosts);
  }

  /**
   * One host.
   *
   * @param subject next hop, host, port, and whether DNSSEC vouches for the step between
   * @param evidence from every source
   * @param requirement what it adds up to
   * @param refusal why the host may not be used at all, or null
   * @param rungs of the ladder in the order in which they would be tried
   * @param memory what the host has shown lately
   * @param probe what one connection showed; null when none was made
   */
  public record Host(
      Subject subject,
      List<Evidence> evidence,
      Requirement requirement,
      @Nullable String refusal,
      List<Rung> rungs,
      HostMemory memory,
      @Nullable Probe probe) {
    /** Copies. */
    public Host {
      evidence = List.copyOf(evidence);
      rungs = List.copyOf(rungs);
    }

    static Host of(
        Terms terms,
        @Nullable String refusal,
        Ladder ladder,
        HostMemory memory,
        Attempt.@Nullable Glance glance,
        boolean probed) {
      Probe probe = glance != null ? Probe.of(glance) : probed ? Probe.nowhere() : null;
      return new Host(
          terms.subject(),
          terms.evidence(),
          terms.requirement(),
          refusal,
          rungs(ladder, terms.requirement(), memory),
          memory,
          probe);
    }

    private static List<Rung> rungs(Ladder ladder, Requirement requirement, HostMemory memory) {
      Rung first = ladder.first(requirement, memory);
      List<Rung> out = new ArrayList<>();
      out.add(first);
      for (Rung rung : ladder.rungs()) {
        if (Ladder.fits(requirement, rung) && rung.isBelow(first)) {
          out.add(rung);
        }
      }
      return out;
    }
  }

  /**
   * What one connection showed.
   *
   * @param address where it went, or null when the host has none
   * @param seen in words
   * @param outcome what a first round would have done after it, in words
   * @param capabilities keywords the host offered last
   */
  public record Probe(
      @Nullable InetSocketAddress address, String seen, String outcome, Set<String> capabilities) {
    /** Sorts. */
    public Probe {
      capabilities = java.util.Collections.unmodifiableSet(new TreeSet<>(capabilities));
    }

    private static Probe nowhere() {
      return new Probe(null, "the host has no address", "the next host", Set.of());
    }

    private static Probe of(Attempt.Glance glance) {
      return new Probe(
          glance.address(), words(glance.seen()), words(glance.decision()), glance.capabilities());
    }

    static String words(Observation seen) {
      return switch (seen) {
        case Observation.Unreachable u -> "no connection: " + u.why();
        case Observation.Unwelcome u -> "refused at " + u.stage() + ": " + u.reply();
        case Observation.BrokenOff b -> "broken off at " + b.stage() + ": " + b.why();
        case Observation.Clear c ->
            c.starttlsOffered() ? "clear text, with STARTTLS offered" : "clear text, no STARTTLS";
        case Observation.StarttlsRefused r -> "STARTTLS was answered " + r.reply();
        case Observation.Injected i -> "clear text after the reply to STARTTLS";
        case Observation.HandshakeBroken b -> "the TLS handshake broke: " + b.why();
        case Observation.Encrypted e ->
            e.handshake().version().label()
                + " "
                + e.handshake().suite()
                + (e.handshake().group() == null ? "" : " " + e.handshake().group())
                + ", certificate "
                + e.handshake().verdict().text();
      };
    }

    private static String words(Decision decision) {
      return switch (decision) {
        case Decision.Proceed p ->
            p.downgrade() ? "the mail goes, marked as a downgrade" : "the mail goes";
        case Decision.Descend d -> "again on the rung " + d.to().word();
        case Decision.NextHost n -> "the next host (" + n.reason().word() + "): " + n.text();
        case Decision.ClearText c -> "again in clear text";
        case Decision.Wait w -> "waits until " + w.until() + ": " + w.text();
        case Decision.Defer d -> "deferred (" + d.reason().word() + "): " + d.text();
      };
    }
  }
}
