package org.sealwax.assess.survey;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.sealwax.assess.VisitLimiter;
import org.sealwax.mail.net.Clock;

/**
 * Limits the load of a survey on one provider: addresses of one block (an IPv4 /24, an IPv6 /48)
 * mostly belong to one provider, and share a limit of concurrent visits and a pause between their
 * beginnings. It also bounds all visits, and so sockets and memory. Memory is bounded: a block
 * without waiting visits is removed once its pause is over.
 */
public final class ProviderLimiter implements VisitLimiter {
  private static final int IPV4_OCTETS = 3;
  private static final int IPV6_OCTETS = 6;

  /** Blocks remembered before unused ones are removed. */
  private static final int MANY = 4_096;

  private final int perBlock;
  private final Duration pause;
  private final Semaphore sockets;
  private final Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, ProviderBlock> blocks = new HashMap<>();

  /**
   * Limits of one block of addresses.
   *
   * @param visits at a time; at least 1
   * @param pause between the beginnings of two visits; zero: none
   */
  public record BlockLimit(int visits, Duration pause) {
    /** No more than a small sender makes. */
    public static final BlockLimit POLITE = new BlockLimit(2, Duration.ofMillis(250));

    /** Checks both. */
    public BlockLimit {
      if (visits < 1 || pause.isNegative()) {
        throw new IllegalArgumentException(visits + " per block, " + pause);
      }
    }
  }

  /**
   * A limiter.
   *
   * @param visits at a time over all; at least 1
   * @param block of each block
   */
  public ProviderLimiter(int visits, BlockLimit block, Clock clock) {
    if (visits < 1) {
      throw new IllegalArgumentException(visits + " visits");
    }
    this.sockets = new Semaphore(visits);
    this.perBlock = block.visits();
    this.pause = block.pause();
    this.clock = clock;
  }

  private static final class ProviderBlock {
    private int active;
    private int waiting;
    private long next;
    private boolean begun;
  }

  /** The block of an address, as text. */
  public static String block(InetAddress address) {
    int bytes = address instanceof Inet4Address ? IPV4_OCTETS : IPV6_OCTETS;
    return HexFormat.of().formatHex(Arrays.copyOf(address.getAddress(), bytes));
  }

  @Override
  public VisitLimiter.VisitPermit enter(InetAddress address) throws InterruptedException {
    ProviderBlock block = admitted(block(address));
    try {
      sockets.acquire();
    } catch (InterruptedException e) {
      waitTime(block);
      throw e;
    }
    return () -> {
      sockets.release();
      waitTime(block);
    };
  }

  private ProviderBlock admitted(String key) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      forget();
      ProviderBlock block = blocks.computeIfAbsent(key, k -> new ProviderBlock());
      block.waiting++;
      try {
        while (true) {
          long wait = block.begun ? block.next - clock.nanoTime() : 0;
          if (block.active < perBlock && wait <= 0) {
            break;
          }
          if (block.active >= perBlock) {
            changed.await();
          } else {
            changed.await(wait, TimeUnit.NANOSECONDS);
          }
        }
      } finally {
        block.waiting--;
      }
      block.active++;
      block.begun = true;
      block.next = clock.nanoTime() + pause.toNanos();
      return block;
    } finally {
      lock.unlock();
    }
  }

  private void waitTime(ProviderBlock block) {
    lock.lock();
    try {
      block.active--;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void forget() {
    if (blocks.size() < MANY) {
      return;
    }
    long now = clock.nanoTime();
    blocks
        .values()
        .removeIf(b -> b.active == 0 && b.waiting == 0 && (!b.begun || b.next - now <= 0));
  }

  /** Blocks remembered, for tests. */
  int remembered() {
    lock.lock();
    try {
      return blocks.size();
    } finally {
      lock.unlock();
    }
  }
}
