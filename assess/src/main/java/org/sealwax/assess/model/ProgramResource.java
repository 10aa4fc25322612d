package org.sealwax.assess.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Texts that are part of the program, in files next to its classes. */
public final class ProgramResource {
  private ProgramResource() {}

  /**
   * A text in UTF-8.
   *
   * @param nextTo a class in whose package it is
   * @throws IllegalStateException when there is none: a fault in our build
   */
  public static String text(Class<?> nextTo, String name) {
    try (InputStream in = nextTo.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is part of the program");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
