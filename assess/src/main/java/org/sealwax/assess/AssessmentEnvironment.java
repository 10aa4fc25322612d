package org.sealwax.assess;

import java.net.InetAddress;
import java.util.List;
import org.sealwax.assess.model.Rubric;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;

/**
 * With what assessments are made; shared by all of one process.
 *
 * @param resolver for everything in the DNS
 * @param probes for each address, in this order
 * @param reviews for the whole, in this order, each with what those before it found
 * @param rubric the rules
 * @param ehlo the name we give to servers
 * @param port of the MX hosts of a domain: 25 except in a lab
 * @param program name and version for the report
 * @param parallel addresses of one target that are visited at a time
 * @param limiter passed before each address
 */
public record AssessmentEnvironment(
    Resolver resolver,
    List<Probe> probes,
    List<Review> reviews,
    Rubric rubric,
    String ehlo,
    int port,
    String program,
    int parallel,
    VisitLimiter limiter,
    Clock clock,
    RandomSource random) {
  /** Addresses of one target visited at a time: most domains have four or fewer. */
  public static final int PARALLEL = 4;

  /** Copies. */
  public AssessmentEnvironment {
    probes = List.copyOf(probes);
    reviews = List.copyOf(reviews);
    if (parallel < 1 || port < 1 || port > 65_535) {
      throw new IllegalArgumentException(parallel + " at a time, port " + port);
    }
  }

  /** Holds a visit back until its turn. */
  public interface VisitLimiter {
    /** Waits for the turn of an address; closed when the visit is over. */
    VisitPermit enter(InetAddress address) throws InterruptedException;

    /** Always open. */
    static VisitLimiter open() {
      return address -> () -> {};
    }
  }

  /** The right to visit an address. */
  public interface VisitPermit extends AutoCloseable {
    @Override
    void close();
  }
}
