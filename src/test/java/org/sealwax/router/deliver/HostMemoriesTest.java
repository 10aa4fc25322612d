package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Ladder;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Rung;
import org.sealwax.mail.tls.verdict.TlsTrouble;
import org.sealwax.router.ledger.RungShelf;

final class HostMemoriesTest {
  private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");
  private static final Observation BROKEN =
      new Observation.HandshakeBroken(TlsTrouble.Kind.values()[0], "reset");

  private static final class Shelf implements RungShelf {
    private final Map<String, HostMemory> kept = new HashMap<>();

    @Override
    public HostMemory at(String host) {
      return kept.getOrDefault(host, HostMemory.nothing());
    }

    @Override
    public void put(String host, HostMemory memory) {
      kept.put(host, memory);
    }
  }

  @Test
  void whatAHostShowedOutlivesTheProcess() {
    Shelf shelf = new Shelf();
    new HostMemories(shelf).after("mx:25", BROKEN, Rung.FULL, NOW);

    HostMemory later = new HostMemories(shelf).at("mx:25", NOW.plusSeconds(60));

    assertEquals(Map.of(Rung.FULL, NOW), later.broken());
    assertEquals(NOW, later.fullFailedFirst());
  }

  @Test
  void whatIsTooOldDoesNotCountWhereverItWasKept() {
    Shelf shelf = new Shelf();
    new HostMemories(shelf).after("mx:25", BROKEN, Rung.FULL, NOW);
    Instant late = NOW.plus(Ladder.NEGATIVE_MEMORY).plus(Duration.ofSeconds(1));

    HostMemory later = new HostMemories(shelf).at("mx:25", late);

    assertEquals(Map.of(), later.broken());
    assertNull(later.fullFailedLast());
  }

  @Test
  void withoutAShelfARestartForgets() {
    HostMemories memories = new HostMemories();
    memories.after("mx:25", BROKEN, Rung.FULL, NOW);

    assertEquals(1, memories.size());
    assertEquals(HostMemory.nothing(), new HostMemories().at("mx:25", NOW));
  }
}
