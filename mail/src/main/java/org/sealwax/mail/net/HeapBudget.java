package org.sealwax.mail.net;

import java.util.List;
import java.util.Locale;

/**
 * The memory that all limits of a service add up to, compared with the heap. A flood that stays
 * within every single limit must not end the process.
 *
 * @param parts that can be full at the same time
 * @param heap bytes that this process may use (-Xmx)
 */
public record HeapBudget(List<HeapPart> parts, long heap) {
  /**
   * One of them.
   *
   * @param purpose it is for
   * @param bytes at most
   */
  public record HeapPart(String purpose, long bytes) {}

  /** Copies. */
  public HeapBudget {
    parts = List.copyOf(parts);
  }

  /**
   * {@return the budget of this process}
   *
   * @param parts that can be full at the same time
   */
  public static HeapBudget here(List<HeapPart> parts) {
    return new HeapBudget(parts, Runtime.getRuntime().maxMemory());
  }

  /** {@return bytes in all} */
  public long sum() {
    return parts.stream().mapToLong(HeapPart::bytes).sum();
  }

  /** {@return whether all limits can be reached at the same time} */
  public boolean fits() {
    return sum() <= heap;
  }

  /** {@return the sum and its parts in one line} */
  public String text() {
    StringBuilder out = new StringBuilder();
    out.append("the limits add up to ").append(megabytes(sum()));
    out.append(" of a heap of ").append(megabytes(heap)).append(" (-Xmx): ");
    for (HeapPart part : parts) {
      out.append(part.equals(parts.getFirst()) ? "" : ", ");
      out.append(part.purpose()).append(' ').append(megabytes(part.bytes()));
    }
    return out.toString();
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%d MB", (bytes + (1 << 20) - 1) >> 20);
  }
}
