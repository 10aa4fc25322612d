package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.tls.verdict.TlsException;

final class HostMemoriesTest {
  private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");
  private static final Observation BROKEN =
      new Observation.HandshakeFailed(TlsException.Kind.values()[0], "reset");

  @Test
  void hostMemoryIsKeptOverARestart() {
    HostMemories memories = new HostMemories();
    memories.after("mx:25", BROKEN, FallbackStep.FULL, NOW);

    HostMemory later = new HostMemories(memories.unsaved(), NOW).at("mx:25", NOW.plusSeconds(60));

    assertEquals(Map.of(FallbackStep.FULL, NOW), later.broken());
    assertEquals(NOW, later.fullFailedFirst());
  }

  @Test
  void expiredMemoryIsIgnored() {
    HostMemories memories = new HostMemories();
    memories.after("mx:25", BROKEN, FallbackStep.FULL, NOW);
    Instant late = NOW.plus(FallbackLadder.NEGATIVE_MEMORY).plus(Duration.ofSeconds(1));

    HostMemory later = new HostMemories(memories.unsaved(), NOW).at("mx:25", late);

    assertEquals(Map.of(), later.broken());
    assertNull(later.fullFailedLast());
  }

  @Test
  void withoutStoreMemoryEndsAtRestart() {
    HostMemories memories = new HostMemories();
    memories.after("mx:25", BROKEN, FallbackStep.FULL, NOW);

    assertEquals(1, memories.size());
    assertEquals(HostMemory.nothing(), new HostMemories().at("mx:25", NOW));
  }
}
