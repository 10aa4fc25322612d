package org.sealwax.router.config;

/**
 * One setting in force.
 *
 * @param table its table's heading
 * @param row from 1 for repeated tables, else 0
 * @param key its name
 * @param value as TOML
 * @param origin {@code default}, {@code left out}, or {@code file:line}
 */
public record Effective(String table, int row, String key, String value, String origin) {}
