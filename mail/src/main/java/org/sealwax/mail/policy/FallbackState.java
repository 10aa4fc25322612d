package org.sealwax.mail.policy;

import java.time.Instant;

/**
 * The position of a delivery on the ladder at one host; immutable.
 *
 * @param step of the connection that was just observed
 * @param atHost connections opened to this host in this delivery, the observed one included
 * @param inDelivery connections opened in this delivery, the observed one included
 * @param hosts usable hosts of this delivery, at least 1
 * @param everyHostTried whether all of them have been tried; only then may broken TLS lead to
 *     plaintext
 * @param keepsOne whether one connection of this delivery is kept for plaintext at a host that was
 *     tried before this one
 * @param deliveryBegan when this delivery began
 * @param now the time
 * @param memory what the host has shown, this delivery included
 */
public record FallbackState(
    FallbackStep step,
    int atHost,
    int inDelivery,
    int hosts,
    boolean everyHostTried,
    boolean keepsOne,
    Instant deliveryBegan,
    Instant now,
    HostMemory memory) {
  /** Checks ranges. */
  public FallbackState {
    if (atHost < 0 || inDelivery < atHost || hosts < 1) {
      throw new IllegalArgumentException("counts out of range");
    }
  }

  /**
   * {@return the same with every host tried}
   *
   * @param connections connections opened in this delivery
   * @param time the current time
   */
  public FallbackState afterAll(int connections, Instant time) {
    return new FallbackState(
        step, atHost, connections, hosts, true, keepsOne, deliveryBegan, time, memory);
  }
}
