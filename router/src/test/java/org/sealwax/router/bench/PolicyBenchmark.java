package org.sealwax.router.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackState;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;

/**
 * One policy decision with warm caches: evidence of DANE, MTA-STS, the ledger and the rows, the
 * requirement, and what to do about a connection that shows what is demanded. {@code bench/jmh
 * PolicyBenchmark} runs it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 2)
@SuppressWarnings("NullAway.Init") // JMH calls fill() first
public class PolicyBenchmark {
  /** Domains that take turns. */
  @Param({"1", "10000"})
  int domains;

  private WarmCaches environment;
  private Observation shown;
  private FallbackState state;
  private List<Evidence> evidence = List.of();
  private Requirement requirement;
  private int turn;

  @Setup(Level.Trial)
  public void fill() throws IOException, InterruptedException {
    environment = new WarmCaches(domains);
    environment.warm();
    shown = environment.shown();
    state = environment.state();
    evidence = environment.gatherer.gather(environment.subject(0));
    requirement =
        environment.policy.requirementFor(
            environment.subject(0), evidence, environment.clock.now());
    if (!(environment.policy.decide(requirement, shown, state) instanceof Decision.Proceed)
        || requirement.identity().size() != 2
        || evidence.size() != 4) {
      throw new IllegalStateException(requirement + " of " + evidence);
    }
  }

  @TearDown(Level.Trial)
  public void close() {
    environment.close();
  }

  private PolicySubject next() {
    turn = turn + 1 < domains ? turn + 1 : 0;
    return environment.subject(turn);
  }

  /** All of it. */
  @Benchmark
  public Decision decision() throws InterruptedException {
    PolicySubject subject = next();
    List<Evidence> found = environment.gatherer.gather(subject);
    Requirement demanded =
        environment.policy.requirementFor(subject, found, environment.clock.now());
    return environment.policy.decide(demanded, shown, state);
  }

  @Benchmark
  public Object dane() throws InterruptedException {
    return environment.dane.evidenceFor(next());
  }

  @Benchmark
  public Object sts() throws InterruptedException {
    return environment.sts.evidenceFor(next());
  }

  @Benchmark
  public Object ledger() throws InterruptedException {
    return environment.memory.evidenceFor(next());
  }

  @Benchmark
  public Object requirement() {
    return environment.policy.requirementFor(environment.subject(0), evidence, state.now());
  }

  @Benchmark
  public Object decide() {
    return environment.policy.decide(requirement, shown, state);
  }
}
